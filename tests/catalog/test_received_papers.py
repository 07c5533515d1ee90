"""What becomes of the papers that a yard was asked for, before anything else of an import."""

from __future__ import annotations

import json

import pytest

from catalog import upstreams
from catalog.bundles import signing
from catalog.services import bundle_keys
from catalog.services.received_papers import receive
from catalog.sources.base import ModelRef
from core.errors import UpstreamRateLimitError
from tests.catalog.bundles.conftest import SHELL
from tests.standins import papers
from tests.standins.repos import RENAMED_TO


@pytest.fixture
def sent(yard):
    """Let the upstream be a yard that answers with these papers."""

    def send(made=None, *, trust=True, **answer):
        if trust and not bundle_keys.trusted_keys():
            bundle_keys.trust_key(caller=SHELL, pem=papers.PEM, name="North")
        body = answer.pop("body", None) or json.dumps(made or papers.answer_of(RENAMED_TO))
        yard.upstream.config(yard=papers.YARD, papers={"body": body, **answer})
        return yard

    return send


def received(repo_id=RENAMED_TO) -> dict:
    """What an import would keep, without doing the rest of it."""
    with upstreams.source_for("huggingface") as source:
        listing = upstreams.pin(source, ModelRef("huggingface", repo_id))
        return dict(receive(source, listing).kept)


def asked(yard) -> list[str]:
    return [entry["path"] for entry in yard.upstream.log() if "/papers/" in entry["path"]]


@pytest.mark.parametrize(
    ("key", "state", "said"),
    [
        (signing.new_key(), "untrusted", "Papers signed by a key that is not trusted here."),
        (None, "unsigned", "Papers that nobody signed."),
    ],
)
def test_papers_of_nobody_known_are_kept_as_such(sent, key, state, said):
    sent(papers.answer_of(RENAMED_TO, key=key))
    found = received()
    assert (found["state"], found["said"], found["signer"]) == (state, said, "")
    assert found["told"]["scan_verdict"] == "clean"


def altered():
    made = papers.answer_of(RENAMED_TO)
    made["papers"]["versions/0001/decision.json"] = "{}"
    return made


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (altered, "decision.json is not as it was written"),
        (lambda: papers.answer_of(RENAMED_TO, commit="b" * 40), "of acme/new-name@bbbbbbb"),
        (lambda: papers.answer_of(RENAMED_TO, files=papers.files_of(RENAMED_TO)[1:]),
         "README.md is in its list alone"),
        (lambda: papers.answer_of(RENAMED_TO, predicate=signing.PREDICATE), "another manifest"),
    ],
)  # fmt: skip
def test_papers_that_are_not_of_this_are_refused_and_told(sent, make, words, yard):
    sent(make())
    found = received()
    assert (found["state"], set(found)) == ("refused", {"state", "said"})
    assert words in found["said"]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ({"status": 404}, "absent"),
        ({"status": 501, "headers": {"X-Error-Message": "Too many files."}}, "absent"),
        ({"status": 403}, "forbidden"),
        ({"status": 401}, "forbidden"),
        ({"status": 500}, "down"),
        ({"status": 418}, "down"),
        ({"status": 302, "headers": {"Location": "/elsewhere"}}, "down"),
        ({"body": "<html>"}, "malformed"),
        ({"body": '{"format": "modelyard-papers"}'}, "malformed"),
        ({"body": " ", "headers": {"Content-Length": str(1 << 40)}}, "malformed"),
    ],
)
def test_without_papers_it_is_said_why_there_are_none(sent, answer, state):
    sent(**answer)
    found = received()
    assert (found["state"], set(found)) == (state, {"state", "said"})
    word = answer.get("headers", {}).get("X-Error-Message", "")
    assert word in found["said"]


def test_a_limit_is_waited_for(sent):
    yard = sent(status=429, headers={"Retry-After": "600"})
    with pytest.raises(UpstreamRateLimitError):
        received()
    assert len(asked(yard)) == 1
