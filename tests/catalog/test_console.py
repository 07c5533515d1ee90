"""What the pages of the console say: reasons in order, ways on, short lists."""

from __future__ import annotations

import re
from html import unescape
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Intake
from catalog.pages import gates as pages
from core.models import Run, RunState
from registry.enums import RequestState
from registry.models import AccessRequest, ModelVersion, User
from registry.policy import NOT_ANSWERED
from registry.seeds import seed
from registry.services.curation import approve, change_tier, refuse, request_access
from tests.factories.registry import ModelFactory, VersionFactory
from tests.registry.decided import decided, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def browse(make_key):
    """The words of a page, as somebody of that tier and role reads them."""
    seed()

    def read(path, *, user=None, tier="professional", role="viewer"):
        client = Client()
        user = user or make_key(tier=tier, role=role).user
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return words_of(client.get(path).content.decode())

    return read


def words_of(html):
    main = html[html.index('id="main"') :] if 'id="main"' in html else html
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", main)))


def user_of(caller):
    return User.objects.get(pk=caller.user_id)


def page_of(model):
    return f"/models/{model.slug}/"


@pytest.mark.parametrize("gate", ["malware", "integrity"])
def test_what_nobody_may_waive_is_not_to_be_asked_for(browse, gate):
    text = browse(page_of(decided(**{gate: "failed"}).model))
    assert f"nobody may waive {gate}" in text
    assert "import another version" in text
    assert "tell a curator" in text
    assert "Ask for it" not in text


def test_what_a_curator_may_waive_can_be_asked_for(browse):
    text = browse(page_of(decided("unknown", license="failed").model))
    assert "Ask for it" in text
    assert "nobody may waive" not in text


def test_a_gate_that_was_not_asked_yet_is_no_reason_to_give_up(browse):
    text = browse(page_of(decided("unknown", license="failed", malware=None, integrity=None).model))
    assert "Ask for it" in text
    assert text.count(NOT_ANSWERED) == 1
    assert "Integrity and malware, not known" in text


def test_a_limit_cannot_be_waived_either():
    reasons = [{"gate": "max_bytes", "reason": "Too large.", "rule": "", "blocks": True}]
    version = ModelVersion(decision={"tiers": [{"tier": "lite", "policy": "", "reasons": reasons}]})
    assert pages.blocking(version, "lite", "/")["never"] == "the limit of size"


def test_the_older_version_is_offered_where_this_one_may_never_be_had(browse):
    model = decided().model
    bad = decided(model=model, malware="failed")
    text = browse(f"{page_of(model)}?version={bad.number}")
    assert "use v1" in text
    assert "import another version" not in text


def test_the_reason_of_one_who_may_not_see_the_page_is_said_too(browse):
    model = decided(malware="failed").model
    key = person(tier="lite")
    AccessRequest.objects.create(
        user_id=key.user_id,
        model=model,
        tier="lite",
        state=RequestState.REFUSED,
        decided_at=timezone.now(),
    )
    text = browse(page_of(model), user=user_of(key))
    assert "Why you may not have it" in text
    assert "nobody may waive malware" in text
    assert "Ask for it" not in text


def test_reasons_stand_in_the_order_of_the_gates():
    given = ["metadata", "license_class", "license", "malware", "integrity"]
    reasons = [
        {"gate": gate, "reason": f"{gate}.", "rule": "", "blocks": True, "outcome": "failed"}
        for gate in given
    ]
    version = ModelVersion(decision={"tiers": [{"tier": "lite", "policy": "", "reasons": reasons}]})
    shown = [one["gate"] for one in pages.blocking(version, "lite", "/")["reasons"]]
    assert shown == ["integrity", "malware", "license", "license_class", "metadata"]
    row = pages.outlook([{"tier": "lite", "policy": "", "admits": False, "reasons": reasons}])[0]
    assert row["reason"] == "integrity."


def test_the_license_tab_tells_of_the_license_alone(browse):
    text = browse(f"{page_of(decided('restricted', malware='failed').model)}license/")
    tiers = text[text.index("What it means for each tier") :]
    assert "malware" not in tiers
    assert tiers.count("not accepted") == 1
    assert "The license class is restricted." in tiers


def test_a_file_keeps_its_name_however_long_its_folder(db):
    seed()
    model = ModelFactory(tier="lite")
    VersionFactory(model=model, files={"a/long/folder/w.bin": b"w"})
    seen = Client()
    seen.force_login(user_of(person()), backend="django.contrib.auth.backends.ModelBackend")
    html = seen.get(f"{page_of(model)}files/").content.decode()
    assert '<span class="dir">a/long/folder/</span><span class="file">w.bin</span>' in html
    assert "text or small file" not in html


def test_a_source_is_called_by_its_name(browse):
    text = browse(page_of(ModelFactory(tier="lite", source="huggingface")))
    assert "Hugging Face" in text
    assert "huggingface" not in text


def test_a_listed_model_is_called_so(browse):
    ModelFactory(tier="lite", admission="pending")
    text = browse("/models/")
    assert "listed" in text
    assert "not read yet" in text


def test_the_overview_says_what_a_pending_model_waits_for(browse):
    ModelFactory(tier="lite", admission="pending")
    text = browse("/")
    assert "listed known by name, not imported yet" in text
    assert "being inspected" not in text
    version = VersionFactory(admission="pending", scan_verdict="", lowest_tier="")
    assert "pending being inspected" in browse("/")
    kept = {"code": "upstream_not_found", "reason": "It is gone.", "run": str(uuid4())}
    ModelVersion.objects.filter(pk=version.pk).update(failure=kept)
    text = browse("/")
    assert "pending the last import failed: It is gone." in text
    assert "being inspected" not in text


def test_while_a_model_is_imported_there_is_nothing_to_ask_for(browse):
    model = ModelFactory(tier="lite", tier_by_curator=False)
    version = VersionFactory(model=model, admission="pending", scan_verdict="", lowest_tier="")
    key = person(role="curator")
    run = Run.objects.create(kind="intake", key=model.repo_id, state=RunState.RUNNING)
    Intake.objects.create(run=run, source=model.source, repo_id=model.repo_id, model=model)
    text = browse(page_of(version.model), user=user_of(key))
    assert "Watch the import" in text
    assert "Ask for it" not in text


def test_an_empty_list_has_one_thing_to_do(make_key):
    client = Client()
    client.force_login(make_key().user, backend="django.contrib.auth.backends.ModelBackend")
    html = client.get("/models/?q=nothing-like-it").content.decode()
    listing = html[html.index('id="listing"') :]
    assert len(re.findall(r"<a [^>]*btn-primary", listing)) == 1


def test_what_waits_for_a_worker_comes_after_what_runs(browse):
    for number in range(7):
        began = timezone.now() if number == 0 else None
        state = RunState.RUNNING if began else RunState.QUEUED
        run = Run.objects.create(
            kind="intake", key=f"acme/m{number}", state=state, started_at=began
        )
        Intake.objects.create(run=run, source="huggingface", repo_id=run.key)
    text = browse("/jobs/", role="curator")
    assert text.index("acme/m0") < text.index("Also under way") < text.index("acme/m1")
    assert text.count("waiting for a worker") == 6


@pytest.fixture
def asked():
    seed()
    version = decided("restricted")
    change_tier(caller=person(role="curator"), model=version.model, tier="standard", reason="Old.")
    lena = person(tier="lite")
    return request_access(
        caller=lena, model=version.model, tier="lite", reason="Now.", needs_curator=True
    )


def test_the_history_of_a_request_is_what_was_besides_it(browse, asked):
    text = browse(f"/approvals/{asked.pk}/", role="curator")
    before = text[text.index(" Before ") :]
    assert "changed its tier" in before
    assert "asked for it" not in before


@pytest.mark.parametrize("answer", [approve, refuse])
def test_answered_requests_are_listed_with_who_answered(browse, asked, answer):
    cora = person(role="curator")
    answer(caller=cora, request=asked, note="So be it.")
    text = browse("/approvals/", user=user_of(cora))
    last = text[text.index("Last decisions") :]
    assert asked.model.repo_id.rpartition("/")[2] in last
    assert f"{cora.name} for {asked.user.username}, tier lite" in last
    assert "So be it." in browse(f"/approvals/{asked.pk}/", user=user_of(cora))


def test_one_more_answer_is_not_one_more_query(asked, django_assert_num_queries):
    cora = person(role="curator")
    client = Client()
    client.force_login(user_of(cora), backend="django.contrib.auth.backends.ModelBackend")
    refuse(caller=cora, request=asked, note="No.")
    client.get("/approvals/")
    with CaptureQueriesContext(connection) as one:
        client.get("/approvals/")
    for _ in range(4):
        again = request_access(
            caller=person(tier="lite"), model=asked.model, reason="x", needs_curator=True
        )
        refuse(caller=cora, request=again, note="No.")
    with django_assert_num_queries(len(one)):
        client.get("/approvals/")


def test_a_failed_import_is_to_be_repeated_not_asked_for(browse):
    version = decided(malware=None)
    kept = {"code": "upstream_not_found", "reason": "It is gone.", "run": str(uuid4())}
    ModelVersion.objects.filter(pk=version.pk).update(
        admission="pending", failure=kept, decision={}
    )
    text = browse(page_of(version.model), role="curator")
    assert "Import again" in text
    assert "Ask for it" not in text
