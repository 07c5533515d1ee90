"""Texts are read in a child: what it says, and what follows when it says nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from core.sandbox import run
from licenses.analysis import LIMITS, Card, Unread, analyze
from licenses.detection.classes import LicenseClass
from licenses.detection.exchange import (
    finding_from_json,
    finding_to_json,
    statement_from_json,
    statement_to_json,
)
from licenses.detection.files import read_file
from licenses.policy import answer
from tests.licenses.papers import detect
from tests.licenses.texts import mit, spdx_text

MIT = mit().encode()
# Seven times the same long license: many seconds of work to find that it is no whole one.
SLOW = (spdx_text("GPL-3.0-only") + "\n\n").encode() * 7
BRIEF = replace(LIMITS, cpu_seconds=1, wall_seconds=300, total_seconds=300)


@pytest.fixture
def speaking(tmp_path, monkeypatch):
    """Put a program in the place of Python, so that each child does what it does."""

    def put(*lines: str) -> None:
        program = tmp_path / "child"
        program.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        program.chmod(0o755)
        monkeypatch.setattr(run.sys, "executable", str(program))

    return put


@pytest.mark.parametrize(
    ("card", "texts"),
    [
        ((None, None, None), {}),
        (("mit", None, None), {}),
        (({"x": 1}, 7, ["a"]), {}),
        (("apache-2.0", None, None), {"LICENSE": spdx_text("Apache-2.0").encode()}),
        (("mit", None, None), {"LICENSE": MIT + b"\nNot for commercial use.\n", "NOTICE": b"Us."}),
        ((None, None, None), {"LICENSE": b"\0", "LICENSE.md": b"", "COPYING": b"\xe9 \xff"}),
        (("other", "\ud800odd", "terms.md"), {"terms.md": MIT}),
        (("gpl-3.0", None, None), {f"{at:02}/LICENSE": b"MIT" for at in range(17)}),
    ],
)
def test_a_child_answers_what_we_would_in_this_process(card, texts, tmp_path):
    assert analyze(Card(*card), texts, scratch=tmp_path) == detect(*card, texts)
    assert list(tmp_path.iterdir()) == []


def test_a_text_that_takes_too_long_is_unknown_and_says_so(tmp_path):
    texts = {"LICENSE": SLOW, "NOTICE": MIT}
    found = analyze(Card("mit"), texts, scratch=tmp_path, limits=BRIEF)
    why = "LICENSE could not be analyzed: the analysis used up its CPU time."
    assert why in found.reasons
    assert "NOTICE is MIT, word for word." in found.reasons
    assert (found.license_class, found.needs_review) == (LicenseClass.UNKNOWN, True)
    assert answer(found, frozenset(LicenseClass)).outcome == "unknown"
    assert any(row.path == "LICENSE" and "could not be" in row.says for row in found.evidence)
    assert detect("mit", None, None, {}).reasons != found.reasons


def test_memory_ends_too(tmp_path):
    limits = replace(LIMITS, memory_bytes=48 << 20)
    found = analyze(Card(), {"LICENSE": MIT}, scratch=tmp_path, limits=limits)
    assert "LICENSE could not be analyzed" in " ".join(found.reasons)
    assert answer(found, frozenset(LicenseClass)).outcome == "unknown"


@pytest.mark.parametrize("texts", [{}, {"LICENSE": MIT}])
@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("kill -KILL $$", "was ended by SIGKILL"),
        ("exit 3", "ended with code 3"),
        ("echo rubbish", "gave an answer that cannot be read"),
        ("""echo '{"done": 0, "answer": {"spdx": "MIT"}}'""", "gave an answer that cannot be read"),
        ("""echo '{"done": 0, "failed": "a\\u202e bug"}'""", "the analysis failed: a bug"),
    ],
)
def test_a_child_that_gives_no_answer_leaves_the_license_unknown(
    line, why, texts, speaking, tmp_path
):
    speaking(line)
    found = analyze(Card("mit"), texts, scratch=tmp_path)
    assert found.spdx == "NOASSERTION"
    assert found.license_class is LicenseClass.UNKNOWN
    assert found.reasons[0].startswith("The license could not be analyzed: the analysis")
    assert why in found.reasons[0]
    assert [row.path for row in found.evidence] == list(texts)
    assert answer(found, frozenset(LicenseClass)).outcome == "unknown"


def test_a_file_that_is_not_here_is_no_empty_one(tmp_path):
    found = analyze(Card("mit"), {"LICENSE": Unread("is too large")}, scratch=tmp_path)
    assert "LICENSE is too large." in found.reasons
    assert answer(found).outcome == "unknown"


def test_the_process_that_asks_never_holds_the_texts_of_licenses(tmp_path):
    script = """
import sys
from pathlib import Path
from licenses.analysis import Card, analyze
found = analyze(Card("mit"), {"LICENSE": b"MIT"}, scratch=Path(sys.argv[1]))
print(found.spdx, sorted(name for name in sys.modules if name.startswith("licenses.")))
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("MIT [")
    assert "licenses.analysis" in done.stdout
    for module in ("references", "text", "catalog", "fingerprints"):
        assert f"licenses.detection.{module}" not in done.stdout


FINDING = finding_to_json(detect("mit", None, None, {"LICENSE": MIT}))
STATEMENT = statement_to_json(read_file("LICENSE", MIT))
FORGED = {
    "spdx": [None, 7, "x" * 10_000],
    "license_class": ["free", None, 0],
    "confidence": ["sure", None, []],
    "evidence": [
        None,
        {},
        [{}],
        [{**FINDING["evidence"][1], "source": "web"}],
        [{**FINDING["evidence"][1], "lines": [1]}],
        [{**FINDING["evidence"][1], "lines": [1, True]}],
        [{**FINDING["evidence"][1], "lines": [0, "9"]}],
        [{**FINDING["evidence"][1], "more": 1}],
    ],
    "reasons": ["text", [None], ["x"] * 2000],
    "needs_review": [None, 0, "false"],
}
CASES = [(name, value) for name, values in FORGED.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CASES)
def test_an_answer_of_another_form_is_none(name, value):
    with pytest.raises(ValueError, match=r"."):
        finding_from_json(crossed({**FINDING, name: value}))
    with pytest.raises(ValueError, match=r"."):
        statement_from_json(crossed({**STATEMENT, name: value}))


@pytest.mark.parametrize("value", [None, [], "MIT", {}, {**FINDING, "more": 1}])
def test_an_answer_with_more_or_less_in_it_is_none(value):
    with pytest.raises(ValueError, match="not a LicenseFinding"):
        finding_from_json(value)
    with pytest.raises(ValueError, match="not a Statement"):
        statement_from_json(value)


def test_statements_and_findings_cross_unchanged():
    finding = detect("gpl", None, None, {"LICENSE": MIT + b"Not for sale.", "NOTICE": b"Ours."})
    statement = read_file("LICENSE", spdx_text("GPL-3.0-only").encode())
    assert finding_from_json(crossed(finding_to_json(finding))) == finding
    assert statement_from_json(crossed(statement_to_json(statement))) == statement


def crossed(value: object) -> object:
    return json.loads(json.dumps(value))
