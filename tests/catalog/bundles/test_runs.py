"""Exports and imports as runs: asked for by REST and pages, followed, fetched, taken up again."""

from __future__ import annotations

import io

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.bundles import signing
from catalog.bundles.reader import read_head
from catalog.models import BundleExport
from catalog.selectors.runs import runs_for
from catalog.services import bundle_export, bundle_keys
from core import pipelines
from core.errors import GateBlockedError, ModelyardError, NotPermittedError
from core.models import Run, RunState, StepState
from core.steps import StepContext
from registry.enums import Role, Scope
from registry.models import AuditEvent, Model, ModelVersion, User
from registry.services.curation import withdraw
from tests.factories.registry import ApiKeyFactory, UserFactory
from tests.standins.repos import RENAMED_TO


class StoppedError(ModelyardError):
    """The worker died here."""


@pytest.fixture
def ready(yards):
    """A yard with one admitted model."""
    yards.version = yards.yard.admit(RENAMED_TO)
    yards.slug = yards.version.model.slug
    return yards


def client_of(role, *, scopes=Scope.values):
    user = UserFactory(tier="professional")
    user.groups.add(Group.objects.get_or_create(name=str(role))[0])
    key = ApiKeyFactory(user=user, scopes=list(scopes))
    return Client(headers={"Authorization": f"Bearer {key.token}"}), user


def page_of(role):
    client = Client()
    user = UserFactory(tier="professional")
    user.groups.add(Group.objects.get_or_create(name=str(role))[0])
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client, user


def ask(client, **body):
    return client.post("/api/v1/bundles", body, content_type="application/json")


def test_a_bundle_is_asked_for_followed_and_fetched_by_rest(ready):
    client, _ = client_of(Role.OPERATOR)
    asked = ask(client, models=[ready.slug])
    assert (asked.status_code, asked.json()["state"]) == (202, "queued")
    assert asked.json()["download_url"] is None
    assert client.get(f"{asked['Location']}/file").status_code == 404
    ready.yard.drive(Run.objects.get(pk=asked.json()["id"]))
    told = client.get(asked["Location"]).json()
    assert (told["state"], told["key_id"]) == (
        "done",
        *bundle_keys.own_trust(bundle_keys.signing_key()),
    )
    sent = client.get(told["download_url"])
    body = sent.getvalue()
    assert (sent.status_code, len(body)) == (200, told["size_bytes"])
    head = read_head(io.BytesIO(body))
    assert head.manifest_sha256 == told["manifest_sha256"]
    assert head.manifest.versions[0].repo_id == RENAMED_TO
    part = client.get(told["download_url"], headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.getvalue()) == (206, body[100:200])


def test_the_front_sends_the_file_where_there_is_one(ready, settings):
    client, _ = client_of(Role.OPERATOR)
    pk = ask(client, models=[ready.slug]).json()["id"]
    ready.yard.drive(Run.objects.get(pk=pk))
    settings.BYTES_BY = "front"
    sent = client.get(f"/api/v1/bundles/{pk}/file")
    assert sent["X-Accel-Redirect"] == f"/bundles/{pk}.tar"
    assert (settings.STORE_DIR / "bundles" / f"{pk}.tar").is_file()


def test_others_do_not_learn_of_a_bundle(ready):
    client, user = client_of(Role.OPERATOR)
    pk = ask(client, models=[ready.slug]).json()["id"]
    other, _ = client_of(Role.CURATOR)
    admin, _ = client_of(Role.ADMIN)
    assert other.get(f"/api/v1/bundles/{pk}").status_code == 404
    assert other.get(f"/api/v1/workflows/{pk}").status_code == 404
    assert admin.get(f"/api/v1/bundles/{pk}").status_code == 200
    assert client.get(f"/api/v1/workflows/{pk}").status_code == 200
    assert user.pk == BundleExport.objects.get().asked_by_id


@pytest.mark.parametrize(
    ("role", "scopes", "status"),
    [
        (Role.VIEWER, Scope.values, 403),
        (Role.OPERATOR, ["read"], 403),
        (Role.CURATOR, Scope.values, 202),
    ],
)
def test_who_may_export(ready, role, scopes, status):
    client, _ = client_of(role, scopes=scopes)
    assert ask(client, models=[ready.slug]).status_code == status


def test_what_is_above_the_callers_tier_does_not_leave(ready):
    Model.objects.update(tier="professional", tier_by_curator=True)
    client, user = client_of(Role.OPERATOR)
    User.objects.filter(pk=user.pk).update(tier="lite")
    assert ask(client, models=[ready.slug]).status_code == 404


def test_a_yard_without_a_key_says_how_to_make_one(ready):
    bundle_keys.key_path().unlink()
    client, _ = client_of(Role.OPERATOR)
    answer = ask(client, models=[ready.slug])
    assert (answer.status_code, Run.objects.filter(kind="bundle-export").count()) == (409, 0)
    assert "bundle keygen" in answer.json()["detail"]


def test_what_was_held_since_is_neither_written_nor_fetched(ready):
    client, _ = client_of(Role.OPERATOR)
    first = ask(client, models=[ready.slug]).json()["id"]
    ready.yard.drive(Run.objects.get(pk=first))
    second = ask(client, models=[ready.slug]).json()["id"]
    curator = ready.yard.person(role=Role.CURATOR)
    withdraw(caller=curator, version=ModelVersion.objects.get(), reason="wrong one")
    run = ready.yard.drive(Run.objects.get(pk=second))
    assert (run.state, run.error_code) == (RunState.FAILED, GateBlockedError.code)
    assert client.get(f"/api/v1/bundles/{first}/file").status_code == 403


def test_an_export_that_was_stopped_is_continued(ready, settings, monkeypatch):
    client, _ = client_of(Role.OPERATOR)
    pk = ask(client, models=[ready.slug]).json()["id"]
    run = Run.objects.get(pk=pk)
    context = StepContext(run, run.steps.get())
    seen = []

    def die(done, total=None, **_):
        seen.append(done)
        if done > total / 2:
            raise StoppedError("killed")

    monkeypatch.setattr(context, "progress", die)
    with pytest.raises(StoppedError):
        pipelines.get(run.kind).step("write").work(context)
    partial = settings.STORE_DIR / "bundles" / f"{pk}.tar.partial"
    begun = partial.read_bytes()
    assert run.steps.get().state == StepState.WAITING
    run = ready.yard.drive(run)
    whole = (settings.STORE_DIR / "bundles" / f"{pk}.tar").read_bytes()
    assert (run.error, run.state, partial.exists()) == ("", "done", False)
    assert whole.startswith(begun)


def test_a_worker_that_died_after_the_last_byte_is_followed(ready):
    client, _ = client_of(Role.OPERATOR)
    run = Run.objects.get(pk=ask(client, models=[ready.slug]).json()["id"])
    pipelines.get(run.kind).step("write").work(StepContext(run, run.steps.get()))
    before = bundle_export.export_path(run).stat()
    assert ready.yard.drive(run).state == "done"
    assert bundle_export.export_path(run).stat().st_mtime_ns == before.st_mtime_ns


def test_a_cancelled_export_leaves_nothing(ready, settings):
    client, _ = client_of(Role.OPERATOR)
    pk = ask(client, models=[ready.slug]).json()["id"]
    client.post(f"/api/v1/workflows/{pk}/cancel")
    assert ready.yard.drive(Run.objects.get(pk=pk)).state == RunState.CANCELLED
    assert not (settings.STORE_DIR / "bundles").exists()


def test_leaving_is_audited_from_the_wish_to_the_download(ready):
    client, user = client_of(Role.OPERATOR)
    pk = ask(client, models=[ready.slug]).json()["id"]
    ready.yard.drive(Run.objects.get(pk=pk))
    client.get(f"/api/v1/bundles/{pk}/file").getvalue()
    told = AuditEvent.objects.filter(subject=pk, actor=user.username).order_by("pk")
    assert list(told.values_list("action", "outcome")) == [
        ("bundle.export", "started"),
        ("bundle.export", "done"),
        ("bundle.download", "done"),
    ]


def test_the_pages_export_and_offer_the_file(ready):
    client, _ = page_of(Role.OPERATOR)
    shown = client.get(reverse("catalog:model", args=[ready.slug])).content.decode()
    assert "Export bundle" in shown
    answer = client.post(reverse("catalog:bundle-export", args=[ready.slug]), {"version": "1"})
    run = Run.objects.get(kind="bundle-export")
    assert answer["Location"] == reverse("catalog:job", args=[run.pk])
    ready.yard.drive(run)
    job = client.get(answer["Location"]).content.decode()
    address = reverse("catalog:bundle-file", args=[run.pk])
    assert address in job
    assert client.get(address).status_code == 200
    assert f"Export bundle {str(run.pk)[:8]}" in client.get("/jobs/").content.decode()


def test_a_viewer_is_offered_no_export(ready):
    client, _ = page_of(Role.VIEWER)
    assert "Export bundle" not in client.get(f"/models/{ready.slug}/").content.decode()
    assert client.post(f"/models/{ready.slug}/export/").status_code == 403
    assert "Bundles on this machine" not in client.get("/import/").content.decode()


def test_a_bundle_on_the_machine_is_looked_into_and_taken_in_by_the_page(sent):
    sent.drop("models.tar")
    client, _ = page_of(Role.OPERATOR)
    assert "models.tar" in client.get("/import/").content.decode()
    shown = client.get("/import/bundle/?name=models.tar").content.decode()
    assert "the sender" in shown
    assert RENAMED_TO in shown
    answer = client.post("/import/bundle/start/", {"name": "models.tar"})
    run = Run.objects.get(kind="bundle-import")
    assert answer["Location"] == reverse("catalog:job", args=[run.pk])
    assert sent.yard.drive(run).state == "done"
    assert RENAMED_TO in client.get(answer["Location"]).content.decode()
    assert "Import bundle models.tar" in client.get("/jobs/").content.decode()


def test_a_bundle_of_a_stranger_is_shown_and_not_offered(sent):
    sent.drop()
    bundle_keys.end_trust(caller=sent.yard.person(role=Role.ADMIN), beginning=bundle_keys_id())
    client, _ = page_of(Role.OPERATOR)
    shown = client.get("/import/bundle/?name=sent.tar").content.decode()
    assert "It would be refused." in shown
    assert '<form method="post"\n          action="/import/bundle' not in shown
    assert client.post("/import/bundle/start/", {"name": "sent.tar"}).status_code == 400
    assert not Model.objects.exists()


def bundle_keys_id():
    return next(iter(bundle_keys.own_trust(bundle_keys.signing_key())))


def test_rest_takes_in_what_lies_in_the_folder_alone(sent):
    client, _ = client_of(Role.OPERATOR)
    inside = {"file": "../sent.tar"}
    answer = client.post("/api/v1/bundles/import", inside, content_type="application/json")
    assert answer.status_code == 404  # the name counts, not the way to another folder
    sent.drop()
    answer = client.post(
        "/api/v1/bundles/import", {"file": "sent.tar"}, content_type="application/json"
    )
    assert answer.status_code == 202
    assert sent.yard.drive(Run.objects.get(pk=answer.json()["workflow_id"])).state == "done"


def test_jobs_of_bundles_cost_the_same_number_of_queries(ready):
    client, _ = page_of(Role.OPERATOR)

    def queries(more):
        for _ in range(more):
            client.post(f"/models/{ready.slug}/export/", {"version": "1"})
        with CaptureQueriesContext(connection) as found:
            client.get("/jobs/")
        return len(found)

    queries(1)
    assert queries(1) == queries(8)
    assert not runs_for(ready.yard.person(role=Role.OPERATOR)).filter(kind="bundle-export")


def test_only_an_admin_trusts_keys(yards, stranger):
    pem = signing.public_pem(stranger.public_key())
    with pytest.raises(NotPermittedError):
        bundle_keys.trust_key(caller=yards.yard.person(role=Role.CURATOR), pem=pem, name="x")
