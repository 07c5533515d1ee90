"""The rows of further Hubs: how their models are named, and what may stand in a row."""

from __future__ import annotations

import pytest

from catalog import upstreams
from catalog.sources.base import ModelRef
from core.errors import InvalidInputError, NotPermittedError
from registry.models import AuditEvent
from tests.catalog.sources.test_further_hubs import keep
from tests.standins.repos import TOKEN
from tests.standins.yard import make_yard, yard

__all__ = ["keep", "make_yard", "yard"]
C = "c" * 40


@pytest.mark.parametrize(
    ("text", "repo_id", "revision"),
    [
        ("other:acme/one", "acme/one", None),
        ("other:acme/one@main", "acme/one", "main"),
        ("hub-other:acme/one", "acme/one", None),
        ("other:gpt2", "gpt2", None),
        ("http://other.example/hf/acme/one", "acme/one", None),
        (f"http://OTHER.example/hf/acme/one/tree/{C}", "acme/one", C),
        ("http://other.example/hf/api/models/acme/one", "acme/one", None),
    ],
)
def test_it_is_named_by_its_name_or_an_address_below_its_own(keep, text, repo_id, revision):
    keep("http://other.example/hf")
    assert upstreams.parse(text) == ModelRef("hub-other", repo_id, revision)


@pytest.mark.parametrize(
    "text",
    [
        "another:acme/one",
        "other://acme/one",
        "other:acme/one/two",
        "other:../one",
        "http://other.example/acme/one",
        "http://other.example/hfx/acme/one",
        "http://other.example:81/hf/acme/one",
        "https://other.example/hf/acme/one",
        "other:",
    ],
)
def test_what_is_not_below_it_is_not_its(keep, text):
    keep("http://other.example/hf")
    with pytest.raises(InvalidInputError):
        upstreams.parse(text)


def test_a_name_alone_is_of_the_hub_of_the_settings(keep):
    keep("http://other.example/hf")
    assert upstreams.parse("acme/one").source == "huggingface"
    assert upstreams.parse("https://huggingface.co/acme/one").source == "huggingface"
    assert upstreams.named("hub-other", "acme/one", "main").source == "hub-other"
    with pytest.raises(InvalidInputError):
        upstreams.named("hub-other", "acme/one/two", "")


def test_another_address_takes_back_token_and_trust(keep):
    keep("http://other.example/hf", token=TOKEN)
    row = keep("http://elsewhere.example/hf", role="curator")
    assert (row.sealed_token, row.by_admin) == ("", False)
    assert upstreams.options("hub-other").token == ""
    changes = AuditEvent.objects.filter(action__startswith="hub_endpoint.").order_by("id")
    assert [event.action for event in changes] == ["hub_endpoint.add", "hub_endpoint.change"]
    assert TOKEN not in str([event.details for event in changes])


@pytest.mark.parametrize("slug", ["civitai", "huggingface", "upload", "hf", "https", "hub-x"])
def test_names_that_mean_something_else_are_refused(keep, slug):
    with pytest.raises(InvalidInputError, match="means something else"):
        keep("http://other.example/hf", slug=slug)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "other.example",
        "ftp://other.example",
        "http://u:p@other.example/hf",
        "http://other.example/hf/",
        "http://other.example/hf?x=1",
        "https://huggingface.co",
    ],
)
def test_addresses_that_are_none_or_known_are_refused(keep, endpoint):
    with pytest.raises(InvalidInputError):
        keep(endpoint)


def test_the_hub_of_the_settings_is_no_further_one(yard, keep):
    with pytest.raises(InvalidInputError, match="already"):
        keep(yard.upstream.url)
    keep("http://other.example/hf")
    with pytest.raises(InvalidInputError, match="already"):
        keep("http://other.example/hf", slug="again")


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_others_keep_none(keep, role):
    with pytest.raises(NotPermittedError):
        keep("http://other.example/hf", role=role)
