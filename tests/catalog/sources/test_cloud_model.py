"""The source of hosted models: what it asks, what it believes, what it refuses."""

from __future__ import annotations

import json
import socket

import pytest

from catalog.sources.base import ModelRef, SourceOptions
from catalog.sources.cloud.facts import config_of, facts_of, kind_of
from catalog.sources.cloud_model import CloudModel
from core.errors import (
    InvalidInputError,
    NotConfiguredError,
    TooLargeError,
    UpstreamError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
    UpstreamRateLimitError,
)
from core.http import HttpPolicy, origin_of
from tests.standins.budconnect import FULL, BudConnect

URI = "openai/gpt-4o"


@pytest.fixture
def service():
    with BudConnect() as running:
        yield running


@pytest.fixture
def slept():
    return []


@pytest.fixture
def source(service, slept):
    policy = HttpPolicy(allowed_origins=frozenset({origin_of(service.url)}), sleep=slept.append)
    with CloudModel(SourceOptions(endpoint=service.url, http=policy)) as made:
        yield made


def test_a_model_is_told_by_one_request(service, source):
    service.tell()
    told = source.told(URI)
    assert service.asked() == ["/model/models/openai/gpt-4o/details"]
    assert (told.details.provider_name, told.service) == ("OpenAI", origin_of(service.url))
    assert (told.is_cached, told.missing) == (False, ())
    assert kind_of(told.details) == "vision-language"
    facts = facts_of(told)
    assert (facts["strengths"], facts["limitations"]) == (["Fast"], ["Closed weights"])
    assert (facts["modality"], facts["base_models"]) == (["text", "image"], ["openai/gpt-4"])
    assert (facts["website_url"], facts["logo_url"]) == ("https://example.org/gpt-4o", None)
    assert facts["hosted"]["tokens"]["max_input_tokens"] == 128000
    assert "chat_template" not in facts["hosted"]
    assert config_of(told.details) == {
        "family": "gpt",
        "context_length": 128000,
        "vocab_size": 200019,
        "is_hosted": True,
        "features": ["supports_function_calling"],
    }


def test_a_model_without_details_is_told_from_the_list(service, source):
    service.list(uri=URI)
    told = source.told(URI)
    assert service.asked() == ["/model/models/openai/gpt-4o/details", "/model/"]
    assert (told.details.tokens["max_input_tokens"], told.missing) == (128000, ("description",))


def test_the_same_words_are_the_same_commit_and_others_another(service, source):
    service.tell()
    first = source.resolve(ModelRef("cloud_model", URI))
    service.tell(modified_at="2026-03-03T00:00:00", extraction_metadata={"cached": True})
    assert source.told(URI).commit == first.commit
    service.tell(description="Other words.")
    assert source.told(URI).commit != first.commit
    assert first.files == ()


@pytest.mark.parametrize(
    ("words", "cached"),
    [
        ({}, False),
        ({"extraction_status": "cached"}, True),
        ({"extraction_status": "completed"}, False),
        ({"extraction_metadata": {"cached": True}}, True),
        ({"extraction_metadata": {"from_cache": True}}, True),
        ({"extraction_metadata": None}, False),
    ],
)
def test_an_answer_out_of_a_cache_is_known_by_what_it_says(service, source, words, cached):
    service.tell(**words)
    assert source.told(URI).is_cached is cached


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"uri": 7}, "uri"),
        ({"description": ["x"]}, "description"),
        ({"tags": "chat"}, "tags"),
        ({"tags": ["a", 7]}, "tags.1"),
        ({"tokens": {"max_input_tokens": "128k"}}, "tokens.max_input_tokens"),
        ({"tokens": {"max_input_tokens": 1.5}}, "tokens.max_input_tokens"),
        ({"tokens": {"max_input_tokens": -1}}, "tokens.max_input_tokens"),
        ({"input_cost": {"x": "free"}}, "input_cost.x"),
        ({"features": {"x": 1}}, "features.x"),
        ({"features": {str(n): True for n in range(200)}}, "features"),
        ({"architecture": {"num_params": "7B"}}, "architecture.num_params"),
        ({"papers": [{"authors": "me"}]}, "papers.0.authors"),
        ({"evaluations": [{"name": "mmlu"}]}, "evaluations.0.score"),
    ],
)
def test_a_wrong_type_is_an_error_that_names_the_field(service, source, words, field):
    service.tell(**words) if "uri" not in words else service.say(URI, _body(**words))
    with pytest.raises(UpstreamError, match="is no model's details") as caught:
        source.told(URI)
    assert caught.value.details["field"] == field


def _body(**words):
    return json.dumps({**FULL, **words}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b"\xff",
        b'{"uri": "\\ud800"}',
        b'{"uri": "openai/gpt-4o", "input_cost": {"x": NaN}}',
        b'{"uri": "openai/gpt-4o", "tokens": ' + b'{"a":' * 5000,
    ],
)
def test_what_is_no_answer_is_an_upstream_error(service, source, body):
    service.say(URI, body)
    with pytest.raises(UpstreamError):
        source.told(URI)


def test_long_texts_and_unknown_fields_are_cut_and_passed_over(service, source):
    service.tell(
        description="d" * 100_000,
        tags=["t" * 999] * 500,
        use_cases=["a\x00b\u202ec"],
        new_field={"deep": [1] * 1000},
        architecture={"text_config": {"odd": 2**70, "vocab_size": 5}},
    )
    told = source.told(URI)
    assert len(told.details.description) == 20_000
    assert (len(told.details.tags), len(told.details.tags[0])) == (100, 200)
    assert told.details.use_cases == ["a b c"]
    assert len(told.commit) == 40


def test_an_answer_without_end_is_refused(service, source):
    service.tell(new_field="x" * (2 << 20))
    with pytest.raises(TooLargeError):
        source.told(URI)


def test_an_answer_about_another_model_is_none(service, source):
    service.say(URI, _body(uri="openai/gpt-3"))
    with pytest.raises(
        UpstreamError, match=r"answers for 'openai/gpt-3' in place of openai/gpt-4o"
    ):
        source.told(URI)


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (401, {}, UpstreamForbiddenError),
        (403, {}, UpstreamForbiddenError),
        (422, {}, UpstreamError),
        (307, {"Location": "http://127.0.0.1:1/x"}, UpstreamError),
        (502, {}, UpstreamError),
        (503, {}, UpstreamError),
        (504, {}, UpstreamError),
        (429, {"Retry-After": "5000"}, UpstreamRateLimitError),
    ],
)
def test_a_refusal_or_failure_is_its_own_error(service, source, status, headers, error):
    served = service.tell()
    served.statuses, served.headers = [status] * 9, headers
    with pytest.raises(error) as caught:
        source.told(URI)
    assert type(caught.value) is error


def test_a_passing_failure_is_waited_out(service, source, slept):
    service.tell().statuses = [503]
    assert source.told(URI).details.uri == URI
    assert len(slept) == 1


def test_what_nobody_knows_is_not_there(service, source):
    for prepare in (lambda: None, service.list):  # no list, and a list without it
        prepare()
        with pytest.raises(UpstreamNotFoundError, match="knows no model acme/none"):
            source.told("acme/none")


def test_a_service_that_stays_silent_is_an_upstream_error():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        origin = f"127.0.0.1:{silent.getsockname()[1]}"
        policy = HttpPolicy(allowed_origins=frozenset({origin}), read_timeout=0.1, attempts=1)
        with (
            CloudModel(SourceOptions(endpoint=f"http://{origin}", http=policy)) as source,
            pytest.raises(UpstreamError, match="ReadTimeout"),
        ):
            source.told(URI)


def test_without_a_service_the_setting_is_named():
    with CloudModel(SourceOptions()) as source, pytest.raises(NotConfiguredError) as caught:
        source.told(URI)
    assert "BUDCONNECT_URL" in caught.value.message


@pytest.mark.parametrize(
    "uri", ["", " ", "a b", "/x", "a/../b", "a//b", "x" * 201, "a\x00b", "a\\b"]
)
def test_a_name_that_is_none_is_refused_before_anything_is_asked(service, source, uri):
    with pytest.raises(InvalidInputError):
        source.told(uri)
    assert service.asked() == []


def test_odd_names_are_sent_as_they_are(service, source):
    uri = "bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0?x#y%2F"
    service.say(uri, _body(uri=uri))
    with pytest.raises(UpstreamNotFoundError):
        source.told("bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0")
    assert source.told(uri).details.uri == uri


def test_it_has_no_files(source):
    pinned = ModelRef("cloud_model", URI, "a" * 40)
    for ask in (
        lambda: source.read_text(pinned, "config.json", 10),
        lambda: source.read_range(pinned, "config.json", 0, 1),
        lambda: source.link(pinned, "config.json"),
    ):
        with pytest.raises(UpstreamNotFoundError, match="hosted elsewhere"):
            ask()
