"""One provider after the other, each with its faults, and never more than is allowed."""

from __future__ import annotations

import json
import logging

import pytest

from core.errors import InvalidInputError, LlmRefusedError, LlmUnavailableError
from core.http import HttpPolicy, origin_of
from core.llm import Allowance, Provider, Question, ask, estimated_tokens
from tests.standins import openai

KEY = "sk-" + "k" * 40
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
QUESTION = Question("Read it.", "A card.", SCHEMA, "facts", max_tokens=50)
GOOD = openai.Turn({"a": 1})


@pytest.fixture
def start():
    """Start scripted providers: `start([turn, ...], ...)`; each list is one of them."""
    running = []

    def start(*scripts):
        begun = [openai.Provider(turns).__enter__() for turns in scripts]
        running.extend(begun)
        return begun

    yield start
    for one in running:
        one.__exit__()


def put(begun, *, allowance=None, key=KEY, question=QUESTION, accept=None, **policy):
    """Ask these stand-ins in their order."""
    named = [
        Provider(f"p{number}", one.url, f"model-{number}", key)
        for number, one in enumerate(begun, start=1)
    ]
    origins = frozenset(origin_of(one.url) for one in begun)
    limits = {"read_timeout": 0.5, "connect_timeout": 2, "longest_connection": 1.0, **policy}
    return ask(
        named,
        question,
        http=HttpPolicy(allowed_origins=origins, max_redirects=0, **limits),
        allowance=allowance or Allowance(attempts=4, tokens=10_000),
        accept=accept or taken,
    )


def taken(data):
    if not isinstance(data, dict) or set(data) != {"a"}:
        raise InvalidInputError("it has no a")
    return data["a"]


def test_the_first_provider_answers_and_is_told_what_to_answer(start):
    (one,) = begun = start([GOOD])
    answer = put(begun)
    assert (answer.value, answer.provider, answer.model) == (1, "p1", "stand-in-2026")
    assert (answer.tokens_in, answer.tokens_out, answer.temperature) == (120, 40, 0.0)
    (asked,) = one.asked
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert (asked.system, asked.material) == ("Read it.", "A card.")
    assert (asked.body["model"], asked.body["temperature"]) == ("model-1", 0)
    assert asked.body["max_tokens"] == 50
    told = asked.body["response_format"]["json_schema"]
    assert (told["schema"], told["strict"]) == (SCHEMA, True)


def test_a_provider_without_a_key_is_sent_none(start, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-the-environment")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer stray")
    (one,) = begun = start([GOOD])
    put(begun, key="")
    sent = one.asked[0].headers
    assert {"authorization", "openai-organization", "openai-project"} & set(sent) == set()


FAULTS = {
    "wrong key": (openai.Turn(status=401), "refuses the key (status 401)"),
    "forbidden": (openai.Turn(status=403), "refuses the key (status 403)"),
    "unknown model": (openai.Turn(status=404), "answers with status 404"),
    "limited": (openai.Turn(status=429, headers={"Retry-After": "7"}), "limits our requests"),
    "broken": (openai.Turn(status=500), "answers with status 500"),
    "reset": (openai.Turn(fault="reset"), "does not answer (ReadError)"),
    "silent": (openai.Turn(fault="hang"), "does not answer (ReadTimeout)"),
    "slow headers": (openai.Turn(fault="drip"), "does not answer (ReadTimeout)"),
    "cut off": (openai.Turn({"a": 1}, fault="cut"), "broke off"),
    "packed": (openai.Turn({"a": 1}, fault="packed"), "does not answer"),
    "no JSON": (openai.Turn(body=b"<html>"), "another form than the protocol"),
    "other JSON": (openai.Turn(body=b'{"choices": 7}'), "another form than the protocol"),
    "no choice": (openai.Turn(body=b'{"choices": []}'), "another form than the protocol"),
    "a list": (openai.Turn(body=b"[1]"), "another form than the protocol"),
    "words": (openai.Turn("I think it is fine."), "another form than asked for (it is no JSON)"),
    "wrong form": (openai.Turn({"b": 1}), "another form than asked for (it has no a)"),
    "deep": (openai.Turn("[" * 100_000), "another form than asked for"),
    "refusal": (openai.Turn(refusal="I can't help with that"), "refuses to answer"),
    "filtered": (openai.Turn({"a": 1}, finish_reason="content_filter"), "refuses to answer"),
    "cut short": (openai.Turn('{"a": 1', finish_reason="length"), "did not end within 50 tokens"),
    "empty": (openai.Turn(""), "answers nothing"),
    "endless": (openai.Turn("x" * (2 << 20)), "more than the 1048576 bytes"),
}
PASSING = {"limited", "broken", "reset", "silent", "slow headers", "cut off", "packed"}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_next_provider_is_asked_whatever_is_wrong_with_the_first(start, fault):
    begun = start([FAULTS[fault][0]], [GOOD])
    answer = put(begun)
    assert (answer.value, answer.provider) == (1, "p2")
    assert [len(one.asked) for one in begun] == [1, 1]


@pytest.mark.parametrize("fault", FAULTS)
def test_the_last_fault_is_named_without_key_or_answer(start, fault, caplog):
    turn, words = FAULTS[fault]
    caplog.set_level(logging.DEBUG)
    with pytest.raises((LlmUnavailableError, LlmRefusedError)) as caught:
        put(start([turn]))
    assert words in caught.value.message
    assert caught.value.retryable == (fault in PASSING)
    told = caught.value.message + repr(caught.value.details) + caplog.text
    assert KEY not in told
    assert "A card." not in told
    assert "Incorrect API key" not in told


def test_the_wait_that_all_ask_for_is_handed_on(start):
    limited = [openai.Turn(status=429, headers={"Retry-After": wait}) for wait in ("30", "7")]
    with pytest.raises(LlmUnavailableError) as caught:
        put(start([limited[0]], [limited[1]]))
    assert caught.value.details == {"retry_after": 7.0}


@pytest.mark.parametrize(
    ("param", "kept", "left_out"),
    [
        ("response_format", "temperature", "response_format"),
        ("temperature", "response_format", "temperature"),
        ("max_tokens", "max_completion_tokens", "max_tokens"),
        (None, "temperature", "response_format"),
    ],
)
def test_a_setting_that_is_refused_is_left_out(start, param, kept, left_out):
    (one,) = begun = start([openai.Turn(status=400, param=param), GOOD])
    answer = put(begun)
    assert answer.value == 1
    assert answer.temperature == (None if param == "temperature" else 0.0)
    assert kept in one.asked[1].body
    assert left_out not in one.asked[1].body


def test_a_provider_that_refuses_every_form_is_left(start):
    one, two = begun = start([openai.Turn(status=400)], [GOOD])
    assert put(begun).provider == "p2"
    assert [len(one.asked), len(two.asked)] == [2, 1]


@pytest.mark.parametrize(
    "text",
    ['```json\n{"a": 1}\n```', 'Here it is: {"a": 1}.', '<think>{"a": 2}</think>{"a": 1}'],
)
def test_json_within_words_is_found(start, text):
    assert put(start([openai.Turn(text)])).value == 1


def test_requests_are_counted_over_all_providers(start):
    begun = start([openai.Turn(status=500)], [openai.Turn(status=500)], [GOOD])
    with pytest.raises(LlmUnavailableError) as caught:
        put(begun, allowance=Allowance(attempts=2, tokens=10_000))
    assert "p3 was not asked: the requests or tokens of this run are used up" in str(caught.value)
    assert [len(one.asked) for one in begun] == [1, 1, 0]


def test_tokens_are_counted_as_told_or_else_as_estimated(start):
    wordy = openai.Turn({"b": 1}, usage=(400, 50))
    silent = openai.Turn({"b": 1}, usage=None)
    allowance = Allowance(attempts=9, tokens=10_000)
    assert put(start([wordy], [silent], [GOOD]), allowance=allowance).value == 1
    assert allowance.spent == 450 + QUESTION.tokens + 160
    assert allowance.attempts == 6


def test_a_question_that_does_not_fit_is_not_asked(start):
    (one,) = begun = start([GOOD])
    with pytest.raises(LlmRefusedError, match="used up"):
        put(begun, allowance=Allowance(attempts=4, tokens=QUESTION.tokens - 1))
    assert one.asked == []


def test_an_address_inside_is_asked_only_where_it_is_configured(start):
    (one,) = start([GOOD])
    named = [Provider("p1", one.url, "m", KEY)]
    with pytest.raises(LlmRefusedError, match=r"not allowed \(loopback\)"):
        ask(
            named,
            QUESTION,
            http=HttpPolicy(),
            allowance=Allowance(attempts=4, tokens=10_000),
            accept=taken,
        )
    assert one.asked == []


def test_a_redirect_is_not_followed_with_the_card(start):
    moved = openai.Turn(status=307, headers={"Location": "/elsewhere"}, body=b"")
    (one,) = begun = start([moved])
    with pytest.raises((LlmRefusedError, LlmUnavailableError)):
        put(begun)
    assert len(one.asked) == 1


def test_tokens_are_never_estimated_too_low():
    for text, tokens in (
        ("hello world", 2),
        ("模型的局限性", 6),
        (json.dumps(SCHEMA), 20),
        ("", 0),
    ):
        assert estimated_tokens(text) >= tokens


def test_a_key_is_not_in_the_words_for_a_provider():
    assert KEY not in repr(Provider("p", "https://x.org/v1", "m", KEY))
