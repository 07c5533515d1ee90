"""Hubs beside that of the settings: names, access, refusals, and nothing mixed between two."""

from __future__ import annotations

import pytest

from catalog import upstreams
from catalog.models import HubEndpoint, Intake
from catalog.services import updates
from catalog.services.endpoints import keep_endpoint
from catalog.sources.base import ModelRef
from core.errors import (
    AddressBlockedError,
    ConflictError,
    InvalidInputError,
    NotConfiguredError,
    UnknownPluginError,
    UpstreamError,
    UpstreamForbiddenError,
    UpstreamRateLimitError,
)
from core.models import RunState
from registry.enums import Admission
from registry.models import Model, ModelAlias
from tests.services.ports import free_port
from tests.standins.another import another_hub
from tests.standins.repos import GATED, PRIVATE, RENAMED, RENAMED_TO, STRANGER, TOKEN
from tests.standins.yard import make_yard, yard

__all__ = ["make_yard", "yard"]
OWN, SHARED = "acme/own", "acme/shared"
OTHERS_CARD = "---\nlicense: apache-2.0\npipeline_tag: text-generation\n---\n\nOf the other.\n"
C = "c" * 40


def _repositories(root):
    root.llm(OWN)
    root.llm(RENAMED_TO, card=OTHERS_CARD)
    root.llm(GATED, meta={"gated": "manual"})
    root.llm(PRIVATE, meta={"private": True})
    root.repo(RENAMED, {}, meta={"renamed_to": RENAMED_TO})


@pytest.fixture(scope="module")
def _running(tmp_path_factory):
    with another_hub(tmp_path_factory.mktemp("hub"), _repositories) as hub:
        yield hub


@pytest.fixture
def other(_running):
    _running.reset()
    return _running


@pytest.fixture
def keep(yard):
    """Keep a further Hub as an admin does, or somebody else."""

    def make(endpoint, *, slug="other", role="admin", token="", **values):
        row = HubEndpoint.objects.filter(slug=slug).first() or HubEndpoint(slug=slug)
        for name, value in {"endpoint": endpoint, **values}.items():
            setattr(row, name, value)
        return keep_endpoint(caller=yard.person(role=role), row=row, token=token)

    return make


def pinned(text, **words):
    """What somebody who waits is told of a reference."""
    ref = upstreams.parse(text)
    return upstreams.name_commit(ref, **words)


def test_its_models_come_by_its_name_and_are_served(yard, other, keep):
    keep(other.url)
    version = yard.admit(f"other:{OWN}")
    model = version.model
    assert (model.source, model.repo_id, model.slug) == ("hub-other", OWN, "hub-other--acme--own")
    assert version.facts["address"] == f"{other.url}/{OWN}/tree/{version.commit}"
    assert upstreams.source_title(model.source) == "other"
    assert yard.hub_status(OWN, "config.json") == 200
    assert {entry["srv"] for entry in yard.upstream.log()} == set()
    assert "hub-other" in upstreams.searched_slugs()


def test_one_name_at_two_hubs_is_two_models_and_the_first_is_meant(yard, other, keep):
    keep(other.url)
    theirs = yard.admit(f"other:{RENAMED_TO}")
    assert yard.hub_status(RENAMED_TO, "config.json") == 200
    ours = yard.admit(RENAMED_TO)
    assert theirs.commit != ours.commit
    assert theirs.model_id != ours.model_id
    assert [v.commit for v in theirs.model.versions.all()] == [theirs.commit]
    assert [v.commit for v in ours.model.versions.all()] == [ours.commit]
    from hub.meanings import meant_by  # noqa: PLC0415 above the catalog

    assert meant_by([RENAMED_TO]) == {RENAMED_TO: ours.model_id}


def test_a_rename_there_is_an_alias_of_that_source_alone(yard, other, keep):
    keep(other.url)
    version = yard.admit(f"other:{RENAMED}")
    assert version.model.repo_id == RENAMED_TO
    alias = ModelAlias.objects.get()
    assert (alias.source, alias.repo_id, alias.model) == ("hub-other", RENAMED, version.model)


def test_its_token_opens_what_it_keeps_private_and_goes_nowhere_else(yard, other, keep):
    row = keep(other.url, token=TOKEN)
    assert TOKEN not in row.sealed_token
    assert pinned(f"other:{PRIVATE}").repo_id == PRIVATE
    assert pinned(f"other:{GATED}").repo_id == GATED
    sent = [dict(entry["headers"]) for entry in other.log()]
    assert {headers.get("Authorization") for headers in sent} == {f"Bearer {TOKEN}"}
    pinned(RENAMED_TO)
    assert TOKEN not in str(yard.upstream.log())


def test_a_wrong_token_is_said(other, keep):
    keep(other.url, token="hf_" + "z" * 34)
    with pytest.raises(UpstreamForbiddenError, match="does not accept the token"):
        pinned(f"other:{OWN}")


def test_a_token_that_cannot_be_read_any_more_is_said(keep, settings):
    keep("http://other.example/hf", token=TOKEN)
    settings.SECRET_KEY = "another"
    with pytest.raises(NotConfiguredError, match="give it again"):
        pinned("other:acme/one")


def test_its_own_words_of_a_refusal_are_kept(yard, other, keep):
    keep(other.url, token=STRANGER)
    words = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Ask Erna, room 7. See http://e.x/7"}
    other.config(inject=[{"match": "acme/own", "status": 403, "headers": words}])
    run = yard.bring(f"other:{OWN}")
    assert (run.state, run.error_code) == (RunState.FAILED, "upstream_forbidden")
    host = other.url.removeprefix("http://")
    assert run.error == f"{host} refuses {OWN}. It says: Ask Erna, room 7. See http://e.x/7"


def test_a_limit_of_requests_is_told_with_its_time(other, keep):
    keep(other.url)
    other.config(inject=[{"match": ".", "status": 429, "headers": {"Retry-After": "900"}}])
    with pytest.raises(UpstreamRateLimitError) as caught:
        pinned(f"other:{OWN}")
    assert caught.value.details["retry_after"] == 900


def test_one_that_is_away_does_not_answer(keep):
    keep(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(UpstreamError, match="does not answer"):
        pinned(f"other:{OWN}")


def test_one_that_is_turned_off_is_not_asked_and_what_came_from_it_stays(yard, other, keep):
    keep(other.url)
    version = yard.admit(f"other:{OWN}")
    other.reset()
    keep(other.url, is_active=False)
    with pytest.raises(InvalidInputError):
        upstreams.parse(f"other:{OWN}")
    with pytest.raises(ConflictError, match="turned off"):
        upstreams.named("hub-other", OWN)
    assert not upstreams.is_watched("hub-other")
    assert other.log() == []
    version.refresh_from_db()
    assert version.admission == Admission.ADMITTED
    assert yard.hub_status(OWN, "config.json") == 200


def test_a_look_at_one_that_is_turned_off_says_so_and_tells_no_event(yard, other, keep):
    keep(other.url)
    model = yard.admit(f"other:{OWN}").model
    keep(other.url, is_active=False)
    model.watch.next_check_at = model.created_at
    model.watch.save()
    updates.check_due()
    model.watch.refresh_from_db()
    assert "turned off" in model.watch.last_error
    assert not model.events.exists()


def test_models_of_one_whose_row_is_gone_are_shown_and_never_asked_for(yard, other, keep):
    keep(other.url)
    version = yard.admit(f"other:{OWN}")
    HubEndpoint.objects.all().delete()
    assert upstreams.source_title("hub-other") == "other"
    assert upstreams.page_of("hub-other", OWN, version.commit) == ""
    assert not upstreams.is_watched("hub-other")
    with pytest.raises(UnknownPluginError, match="no further Hub 'other'"):
        upstreams.source_for("hub-other")


def test_an_address_inside_is_asked_only_where_an_admin_gave_it(yard, other, keep):
    row = keep(other.url, role="curator")
    assert not row.by_admin
    with pytest.raises(AddressBlockedError):
        pinned(f"other:{OWN}")
    run = yard.bring(f"other:{OWN}")
    assert (run.state, run.error_code) == (RunState.FAILED, "address_blocked")
    assert other.log() == []
    keep(other.url, order=7)  # the same address: nobody vouched for it anew
    assert not HubEndpoint.objects.get().by_admin
    assert upstreams.http_policy("hub-other") == upstreams.http_policy("huggingface")


def test_what_an_admin_let_in_opens_nothing_to_other_sources(other, keep):
    keep(other.url)
    host, _, port = other.url.removeprefix("http://").partition(":")
    assert upstreams.http_policy("hub-other").allows(host, int(port))
    assert not upstreams.http_policy("huggingface").allows(host, int(port))
    assert not upstreams.http_policy().allows(host, int(port))


def test_a_search_names_what_to_ask_for(other, keep):
    keep(other.url)
    with upstreams.searched_source("hub-other") as source:
        (found,) = source.search("own").models
    assert (found.uri, found.ref) == (f"other:{OWN}", ModelRef("hub-other", OWN))


def test_an_import_there_is_one_of_its_own(yard, other, keep):
    keep(other.url)
    ours, theirs = yard.ask(RENAMED_TO), yard.ask(f"other:{RENAMED_TO}")
    assert ours.run.pk != theirs.run.pk
    assert set(Intake.objects.values_list("source", flat=True)) == {"huggingface", "hub-other"}
    assert not Model.objects.filter(source="hub-other").exists()
