"""No secret in any log line, in whatever form it comes to the logger."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys

import pytest
import structlog
from django.conf import settings

from core.logs import LineFormatter, NotReady, as_json, as_text, strike

KEY = "hf_" + "k" * 40
LEAK = "s3cret-v4lue"
log = structlog.get_logger("a.test")


@pytest.fixture
def lines():
    """What the yard's own handler writes, as text."""
    handler = next(
        one for one in logging.getLogger().handlers if isinstance(one.formatter, LineFormatter)
    )
    written = io.StringIO()
    before = handler.setStream(written)
    yield written.getvalue
    handler.setStream(before)


FORMS = [
    KEY,
    f"Authorization: Bearer {LEAK}",
    f"authorization: basic {LEAK}",
    f"https://cdn.example/file?X-Amz-Credential={LEAK}&X-Amz-Signature={LEAK}&x=1",
    f"https://cdn.example/file?X-Amz-Security-Token={LEAK}",
    f"https://example.org/?token={LEAK}&page=2",
    f"password={LEAK} host=db",
    f"postgresql://user:{LEAK}@db/yard",
    f"redis://:{LEAK}@127.0.0.1:6379/0",
    str({"token": LEAK, "page": 2}),
    str({"hf_token": LEAK}),
    f'{{"password": "{LEAK}"}}',
    str([(b"Authorization", LEAK.encode())]),
    str({"Cookie": f"sessionid={LEAK}"}),
    str({"api_key": LEAK}),
]


@pytest.mark.parametrize("text", FORMS)
def test_a_secret_is_struck_out_of_a_text(text):
    struck = strike(f"before {text} after")
    assert KEY not in struck
    assert LEAK not in struck
    assert struck.startswith("before ")
    assert struck.endswith(" after")


@pytest.mark.parametrize(
    "text",
    [
        "Step fetch failed: the source did not answer",
        "https://huggingface.co/acme/model/resolve/main/config.json",
        "tokenizer.json has 12 tokens",
        "Send a token that may read it.",
        "sha256 0c5c7ff5e0e7f2e5",
        "http://localhost:9083/?page=2",
        "hf download acme/model",
        "at 12:30:01 somebody@example.org asked",
    ],
)
def test_what_is_no_secret_stays(text):
    assert strike(text) == text


class Address:
    def __str__(self):
        return f"https://cdn.example/?Signature={LEAK}"

    __repr__ = __str__


VALUES = [
    KEY,
    {"token": LEAK},
    {"headers": {"Authorization": f"Bearer {LEAK}"}},
    [f"Bearer {LEAK}", {"password": LEAK}],
    ("a", {"deep": [f"https://user:{LEAK}@host/"]}),
    {KEY},
    Address(),
    ValueError(f"Bearer {LEAK}"),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:30])
def test_a_secret_in_any_value_of_a_line_is_struck(lines, value):
    log.warning("something", value=value)
    assert "something" in lines()
    assert LEAK not in lines()
    assert KEY not in lines()


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:30])
def test_a_library_that_logs_by_itself_is_struck_too(lines, value):
    logging.getLogger("some.library").warning("asked with %s and %r", value, value)
    assert "asked with" in lines()
    assert LEAK not in lines()
    assert KEY not in lines()


def test_a_secret_in_a_traceback_is_struck(lines):
    def fail():
        raise ValueError(f"https://cdn.example/?X-Amz-Signature={LEAK}")

    for logger in (log, logging.getLogger("some.library")):
        try:
            fail()
        except ValueError:
            logger.exception("it broke")
    assert lines().count("Traceback") == 2
    assert LEAK not in lines()


def test_a_line_carries_the_ids_it_belongs_to(lines):
    with structlog.contextvars.bound_contextvars(request_id="r-1", run_id="u-1", step="fetch"):
        log.info("step_started", claims=1)
        logging.getLogger("some.library").warning("from below")
    ours, theirs = lines().splitlines()
    for line in (ours, theirs):
        assert "request_id=r-1" in line
        assert "run_id=u-1" in line
        assert "step=fetch" in line
    assert "claims=1" in ours


def test_lines_without_a_secret_keep_their_values(lines):
    log.info("numbers", count=3, share=0.5, yes=True, nothing=None, words=["a", "b"], m={"a": 1})
    line = lines()
    for text in ("count=3", "share=0.5", "yes=True", "nothing=None", "words=['a', 'b']"):
        assert text in line
    assert "m={'a': 1}" in line


def test_a_line_for_programs_is_one_object_whatever_it_holds():
    values = {"event": "e", "n": 1 << 80, 2: {"a": {3}}, "o": Address(), "text": 'a "b"\nc'}
    record = logging.makeLogRecord({"msg": values, "name": "x", "levelname": "INFO"})
    line = LineFormatter(as_json).format(record)
    assert "\n" not in line
    assert LEAK not in line
    told = json.loads(line)
    assert (told["event"], told["level"], told["n"]) == ("e", "info", 1 << 80)
    assert told["text"] == values["text"]


@pytest.mark.parametrize("render", [as_json, as_text])
def test_no_value_keeps_a_line_from_being_written(render):
    ring = {("a", 1): 2}
    ring["me"] = ring
    for message in ({"event": "e", "ring": ring}, {("a", 1): 2}, {}):
        record = logging.makeLogRecord({"msg": message, "name": "x", "levelname": "INFO"})
        assert "\n" not in LineFormatter(render).format(record)


def test_a_line_for_people_shows_where_a_value_ends(lines):
    log.info("shown", a="plain/word", b="two words", c='q"', d="x=y", e="", f="line\nbreak")
    assert lines().count("\n") == 1
    assert "a=plain/word b='two words' c='q\"' d='x=y' e='' f='line\\nbreak'" in lines()


def test_every_line_leaves_by_the_striking_handler():
    assert list(settings.LOGGING["handlers"]) == ["stdout"]
    assert settings.LOGGING["handlers"]["stdout"]["formatter"] == "yard"
    assert settings.LOGGING["root"]["handlers"] == ["stdout"]
    assert not [one for one in settings.LOGGING["loggers"].values() if "handlers" in one]


OWN_HANDLERS = """
import logging, django
django.setup()
from catalog.sources.hf import session
from config import celery, urls
session._install()
assert "huggingface_hub" in logging.root.manager.loggerDict
for name, found in logging.root.manager.loggerDict.items():
    if isinstance(found, logging.Logger) and not name.startswith(("django", "celery", "asyncio")):
        if any(type(one) is logging.StreamHandler for one in found.handlers):
            print(name)
"""


def test_no_library_of_the_yard_writes_past_it():
    """huggingface_hub brings a handler of its own, which the session takes away.

    Looked at in a process of its own, since the tests load libraries that the yard does not.
    """
    command = [sys.executable, "-c", OWN_HANDLERS]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_the_noise_of_a_yard_that_starts_is_left_out():
    quiet = NotReady()
    record = logging.makeLogRecord({"msg": "%s: %s", "args": ("Service Unavailable", "/ready")})
    assert not quiet.filter(record)
    record = logging.makeLogRecord({"msg": "%s: %s", "args": ("Service Unavailable", "/models/")})
    assert quiet.filter(record)
