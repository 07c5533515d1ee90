"""An import that ends without a decision: readers are told why, and asking again finishes it."""

from __future__ import annotations

import pytest
from django.test import Client

from catalog.services.intake import cancel_intake, retry_intake
from core import vault
from core.errors import BrokerAwayError
from core.models import Run, RunState
from registry.models import Model, ModelVersion, User
from tests.factories.registry import ApiKeyFactory
from tests.services.ports import free_ports
from tests.standins.repos import GATED, PRIVATE, RENAMED_TO, STRANGER, TOKEN, tiny_safetensors

LFS = "GET /repos/"
WHY = "the last import failed: "


@pytest.fixture
def failed(yard):
    """A run whose source went away while the weights were fetched, and who asked for it."""
    ann = yard.person()
    run = yard.drive(yard.ask(RENAMED_TO, caller=ann).run, until="fetch")
    yard.upstream.config(inject=[{"match": LFS, "status": 503}])
    yard.drive(run)
    assert (run.state, run.error_code) == (RunState.FAILED, "upstream_unavailable")
    return run, ann


def page_for(caller, path):
    browser = Client()
    browser.force_login(
        User.objects.get(pk=caller.user_id), backend="django.contrib.auth.backends.ModelBackend"
    )
    return browser.get(path)


def key_of(caller):
    scopes = ["read", "request", "operate"]
    return ApiKeyFactory(user=User.objects.get(pk=caller.user_id), scopes=scopes)


def test_the_pages_say_why_and_lead_to_the_job(yard, failed):
    run, ann = failed
    slug = yard.version(run).model.slug
    text = page_for(ann, f"/models/{slug}/").content.decode()
    assert WHY in text
    assert "503" in text
    assert f'href="/jobs/{run.pk}/"' in text
    assert "Import it again" not in text
    assert WHY in page_for(ann, f"/models/{slug}/versions/").content.decode()


def test_who_may_not_follow_the_job_is_told_the_reason_alone(yard, failed):
    run, _ = failed
    text = page_for(yard.person(), f"/models/{yard.version(run).model.slug}/").content.decode()
    assert WHY in text
    assert str(run.pk) not in text
    assert "Import it again" in text


def test_the_api_says_why_and_names_the_workflow(yard, failed, ask):
    run, ann = failed
    version = yard.version(run)
    expected = {
        "code": "upstream_unavailable",
        "detail": run.error,
        "workflow": f"/api/v1/workflows/{run.pk}",
    }
    base = f"/api/v1/models/{version.model.slug}"
    key = key_of(ann)
    assert ask(base, key=key).json()["import_error"] == expected
    assert ask(f"{base}/versions", key=key).json()["results"][0]["import_error"] == expected
    assert ask(f"{base}/versions/1", key=key).json()["import_error"] == expected
    assert ask(expected["workflow"], key=key).json()["state"] == "failed"


def test_the_hub_protocol_says_why(yard, failed, ask):
    run, _ = failed
    answer = ask(f"/hf/{RENAMED_TO}/resolve/main/config.json", key=key_of(yard.person()))
    assert (answer.status_code, answer["X-Error-Code"]) == (403, "GatedRepo")
    assert f"is not admitted: {WHY}{run.error}" in answer["X-Error-Message"]
    assert "Retry it, or ask for it again." in answer["X-Error-Message"]


@pytest.mark.parametrize("named", ["main", "commit"])
def test_asking_again_finishes_the_same_version_with_a_new_run(yard, failed, named):
    run, _ = failed
    version = yard.version(run)
    yard.upstream.reset()
    text = f"{RENAMED_TO}@{version.commit}" if named == "commit" else RENAMED_TO
    again = yard.ask(text).run
    assert again != run
    yard.drive(again, until="inspect")
    version.refresh_from_db()
    assert version.failure == {}
    yard.drive(again)
    assert (again.state, yard.version(again)) == (RunState.DONE, version)
    assert yard.version(again).admission == "admitted"
    assert (ModelVersion.objects.count(), Model.objects.count()) == (1, 1)
    assert yard.hub_status(RENAMED_TO, "config.json") == 200


def test_a_retry_takes_the_reason_away_at_once_and_a_new_failure_brings_it_back(yard, failed):
    run, ann = failed
    retry_intake(caller=ann, run=run)
    assert yard.version(run).failure == {}
    yard.drive(run)
    assert yard.version(run).failure["run"] == str(run.pk)
    yard.upstream.reset()
    retry_intake(caller=ann, run=run)
    yard.drive(run)
    assert (yard.version(run).admission, yard.version(run).failure) == ("admitted", {})


def test_a_cancelled_import_is_called_that(yard):
    ann = yard.person()
    run = yard.drive(yard.ask(RENAMED_TO, caller=ann).run, until="verify")
    cancel_intake(caller=ann, run=run)
    yard.turn(run)
    slug = yard.version(run).model.slug
    text = page_for(ann, f"/models/{slug}/").content.decode()
    assert "the last import was cancelled." in text


def test_a_failed_version_never_becomes_the_head_over_an_admitted_one(yard):
    files = {"README.md": "---\nlicense: mit\n---\nText.\n", "config.json": "{}"}
    yard.upstream.repos.repo("acme/two", files, commit="0001 first")
    yard.upstream.reload()
    first = yard.admit("acme/two")
    files["model.safetensors"] = tiny_safetensors({"w": ("F32", [4])})
    yard.upstream.repos.repo("acme/two", files, commit="0002 second")
    yard.upstream.reload()
    run = yard.drive(yard.ask("acme/two").run, until="fetch")
    yard.upstream.config(inject=[{"match": LFS, "status": 403}])
    yard.drive(run)
    second, model = yard.version(run), Model.objects.get(repo_id="acme/two")
    assert (run.state, second.admission, second.failure["code"]) == (
        "failed",
        "pending",
        "upstream_forbidden",
    )
    assert (model.head, model.admission) == (first, "admitted")
    assert yard.hub_status("acme/two", "config.json") == 200


def test_a_decided_version_keeps_its_decision_when_a_later_run_fails(yard):
    version = yard.admit(RENAMED_TO)
    run = yard.drive(yard.ask(RENAMED_TO, force=True).run, until="inspect")
    yard.upstream.config(inject=[{"match": "GET", "status": 503}])
    yard.drive(run)
    version.refresh_from_db()
    assert (run.state, version.admission, version.failure) == ("failed", "admitted", {})


def test_other_bytes_that_came_once_do_not_keep_the_right_ones_away(yard):
    run = yard.drive(yard.ask(RENAMED_TO).run, until="fetch")
    yard.upstream.config(corrupt={"model.safetensors": "flip"})
    yard.drive(run)
    assert (yard.version(run).admission, yard.version(run).failure) == ("held", {})
    yard.upstream.reset()
    assert yard.admit(RENAMED_TO) == yard.version(run)


# -- a token with the retry -----------------------------------------------------------------------


def test_a_retry_without_the_token_says_to_give_it_again_and_one_with_it_goes_on(yard, ask, caplog):
    caplog.set_level("DEBUG")
    ann = yard.person()
    run = yard.drive(yard.ask(GATED, caller=ann, token=TOKEN).run, until="fetch")
    yard.upstream.config(inject=[{"match": LFS, "status": 503}])
    yard.drive(run)
    yard.upstream.reset()
    assert vault.recall(str(run.pk)) == ""
    retry_intake(caller=ann, run=run)
    yard.drive(run)
    assert (run.state, run.error_code) == (RunState.FAILED, "upstream_forbidden")
    assert run.error.endswith("is forgotten: give the token again with the retry.")
    assert run.error_details["needs_token"] is True
    answer = ask(
        f"/api/v1/workflows/{run.pk}/retry",
        key=key_of(ann),
        method="POST",
        body={"hf_token": TOKEN},
    )
    assert answer.status_code == 202
    assert vault.recall(str(run.pk)) == TOKEN
    yard.drive(run)
    assert (run.state, run.error) == (RunState.DONE, "")
    assert not yard.version(run).files.filter(content__isnull=True).exists()
    assert vault.recall(str(run.pk)) == ""
    assert TOKEN not in caplog.text


def test_a_run_that_never_had_a_token_is_given_one_on_its_page(yard):
    ann = yard.person()
    run = yard.bring(PRIVATE, caller=ann)
    assert run.error_code == "upstream_not_found"
    path = f"/jobs/{run.pk}/"
    page = page_for(ann, path).content.decode()
    assert "Try again with a token" in page
    browser = Client()
    browser.force_login(
        User.objects.get(pk=ann.user_id), backend="django.contrib.auth.backends.ModelBackend"
    )
    assert browser.post(f"{path}retry/", {"token": TOKEN}).status_code == 302
    yard.drive(run)
    assert run.state == RunState.DONE
    assert "Try again with a token" not in page_for(ann, path).content.decode()


def test_a_run_that_failed_for_another_reason_asks_for_no_token(yard, failed):
    run, ann = failed
    text = page_for(ann, f"/jobs/{run.pk}/").content.decode()
    assert "Try again" in text
    assert "Try again with a token" not in text


def test_a_wrong_token_with_the_retry_is_said_and_forgotten(yard):
    ann = yard.person()
    run = yard.bring(PRIVATE, caller=ann)
    retry_intake(caller=ann, run=run, token=STRANGER)
    yard.drive(run)
    assert "this token may not see it" in run.error
    assert vault.recall(str(run.pk)) == ""


def test_an_unknown_field_of_a_retry_is_refused(yard, ask):
    ann = yard.person()
    run = yard.bring(PRIVATE, caller=ann)
    path = f"/api/v1/workflows/{run.pk}/retry"
    answer = ask(path, key=key_of(ann), method="POST", body={"token": TOKEN})
    assert (answer.status_code, answer.json()["field"]) == (400, "token")
    assert ask(path, key=key_of(ann), method="POST").status_code == 202  # no body at all is fine


def test_a_retry_with_a_token_that_cannot_be_kept_changes_nothing(yard, settings):
    ann = yard.person()
    run = yard.bring(PRIVATE, caller=ann)
    away = f"redis://127.0.0.1:{free_ports(1)[0]}/0"
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": away}}
    with pytest.raises(BrokerAwayError):
        retry_intake(caller=ann, run=run, token=TOKEN)
    assert Run.objects.get(pk=run.pk).state == RunState.FAILED
