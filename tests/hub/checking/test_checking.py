"""The check of the public address: what it finds, who may see it, and that its key ends with it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from core import jobs, runs
from core.errors import LeaseLostError
from core.models import Run, RunState
from core.steps import StepContext
from hub.checking import services
from hub.checking.selectors import KIND, address_parts
from hub.doctor.examination import PROBES
from registry.authentication import caller_of_user
from registry.enums import Admission, Scope
from registry.models import ApiKey, Model
from registry.services.keys import revoke_key
from tests.factories.registry import ApiKeyFactory, UserFactory
from tests.hub.doctor.test_doctor import proxy

__all__ = ["proxy"]


def person(role, tier="lite"):
    user = UserFactory(tier=tier)
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user


def browser(user):
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def seen(user, path="/check/"):
    response = browser(user).get(path)
    assert response.status_code == 200, response.content
    return response.content.decode()


@pytest.fixture
def address(proxy, settings):
    """The public address is that of a proxy which may do something wrong."""
    settings.PUBLIC_URL = proxy.url.removesuffix("/hf")
    return proxy


@pytest.fixture
def operator(db):
    return person("operator")


def begun(user):
    return services.start_check(caller=caller_of_user(user))


def ended(run):
    """Do the steps of a run as a worker does."""
    for _ in range(3):
        runs.advance(run.pk)
    run.refresh_from_db()
    return run


def states(run):
    return {one["probe"]: one["state"] for one in run.result["findings"]}


def keys_of_checks():
    return list(ApiKey.objects.filter(name="Check of the Hub").order_by("pk"))


def test_a_sound_address_is_checked_with_keys_that_end(address, operator):
    assert "Nobody checked yet" in seen(operator)
    assert browser(operator).post("/check/start/").status_code == 302
    run = Run.objects.get(kind=KIND)
    page = seen(operator)
    assert 'hx-trigger="every 2s"' in page
    assert "Check now" not in page
    ended(run)
    assert run.state == RunState.DONE, run.error
    found = states(run)
    assert len(found) == PROBES + 1
    assert set(found.values()) == {"ok"}
    assert list(found)[-1].startswith("huggingface_hub 2.")
    assert run.result["findings"][-1]["asked"][-1] == ["refusal", ""]
    page = seen(operator)
    for words in (
        ">snapshot_download</code>",
        "make clients",
        "Nothing is wrong.",
        "A HEAD arrives as HEAD.",
        address.url,
        "Check now",
    ):
        assert words in page
    assert 'hx-trigger="every 2s"' not in page
    keys = keys_of_checks()
    assert len(keys) == 2
    for key in keys:
        assert (key.user, key.scopes, key.tier_cap) == (operator, ["read"], "lite")
        assert key.revoked_at is not None
        assert key.expires_at <= timezone.now() + timedelta(minutes=30)
    (part,) = address_parts()
    assert (part.state, part.text.startswith("checked")) == ("ok", True)


def test_a_fault_is_shown_with_what_to_set(address, operator):
    address.fault = "gzip_where_accepted"
    run = ended(begun(operator))
    assert run.state == RunState.DONE
    page = seen(operator)
    for words in ("1 fault: packing.", "was packed by gzip", "gzip off;", "SetEnv no-gzip 1"):
        assert words in page
    (part,) = address_parts()
    assert (part.state, part.facts["faults"]) == ("warn", ["packing"])


def test_nobody_at_the_address_is_a_finding_and_no_failure(address, operator, settings):
    settings.PUBLIC_URL = "http://127.0.0.1:1"
    run = ended(begun(operator))
    assert (run.state, states(run)["answers"]) == (RunState.DONE, "fault")
    assert "does not answer" in seen(operator)
    assert run.steps.get(name="client").state == "skipped"


def test_without_an_admitted_model_that_is_said(address, operator, version):
    version.admission = Admission.WITHDRAWN
    version.save()
    Model.objects.update(admission=Admission.WITHDRAWN)
    run = ended(begun(operator))
    assert "sees no admitted model to try with" in run.result["findings"][-1]["sentence"]
    assert {name for name, state in states(run).items() if state != "ok"} == {
        "length", "ranges", "storage", "begin"
    }  # fmt: skip
    assert run.steps.get(name="client").state == "skipped"
    assert "Not looked at: length, ranges, storage and begin." in seen(operator)


class DiedError(BaseException):
    """What a worker that is killed does: nothing more."""


def died_with_its_key(run, monkeypatch):
    """Leave a run as a worker does that is killed between two probes."""

    def killed(*words, **values):
        raise DiedError

    with monkeypatch.context() as patched:
        patched.setattr(services, "examine", killed)
        patched.setattr(services, "revoke_key", lambda **_: None)
        with pytest.raises(DiedError):
            runs.advance(run.pk)
    (key,) = keys_of_checks()
    assert key.revoked_at is None
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    return key


def test_whoever_goes_on_after_a_death_ends_the_key_of_the_dead(address, operator, monkeypatch):
    run = begun(operator)
    died_with_its_key(run, monkeypatch)
    ended(run)
    assert run.state == RunState.DONE, run.error
    assert len(keys_of_checks()) == 3
    assert all(key.revoked_at for key in keys_of_checks())


def test_a_check_that_is_stopped_after_a_death_leaves_no_key(address, operator, monkeypatch):
    run = begun(operator)
    died_with_its_key(run, monkeypatch)
    jobs.cancel_run(run.pk)
    ended(run)
    assert run.state == RunState.CANCELLED
    (key,) = keys_of_checks()
    assert key.revoked_at is not None
    assert "Stopped before its end." in seen(operator)


def test_who_lost_the_run_makes_no_key(address, operator):
    run = begun(operator)
    context = StepContext(Run.objects.get(pk=run.pk), run.steps.get(name="ask"))
    Run.objects.filter(pk=run.pk).update(epoch=9)
    with pytest.raises(LeaseLostError):
        services.ask_as_clients_do(context)
    assert keys_of_checks() == []


@pytest.mark.parametrize("change", [{"is_active": False}, {"groups": None}])
def test_who_may_operate_no_more_gets_no_key(address, operator, change):
    run = begun(operator)
    if "groups" in change:
        operator.groups.clear()
    else:
        type(operator).objects.filter(pk=operator.pk).update(**change)
    ended(run)
    assert run.state == RunState.FAILED
    assert "may operate no more" in run.error
    assert keys_of_checks() == []


def test_a_key_of_a_check_that_was_revoked_by_hand_shows_as_a_fault(address, operator, monkeypatch):
    """It is a key like any other: the probes say what the yard says."""

    def revoked(wire, **values):
        revoke_key(caller=caller_of_user(operator), key=keys_of_checks()[-1])
        return examined(wire, **values)

    examined = services.examine
    monkeypatch.setattr(services, "examine", revoked)
    run = ended(begun(operator))
    assert states(run)["key"] == "fault"


def test_one_check_at_a_time(address, operator):
    assert begun(operator).pk == begun(person("admin")).pk


def test_what_was_tried_above_ones_tier_is_not_shown(address, version):
    Model.objects.update(tier="professional")
    run = ended(begun(person("operator", tier="professional")))
    name = version.model.repo_id
    assert set(states(run).values()) == {"ok"}
    run.result["findings"][0]["sentence"] = f"It is about {name}."
    run.save()
    high, low = person("curator", tier="professional"), person("curator", tier="lite")
    assert name in seen(high)
    assert name not in seen(low)
    assert browser(low).get(f"/check/?run={run.pk}").status_code == 404


def test_it_is_for_staff_and_started_by_operators(address, operator):
    run = ended(begun(operator))
    assert browser(person("viewer")).get("/check/").status_code == 403
    curator = person("curator")
    assert "Check now" not in seen(curator)
    assert browser(curator).post("/check/start/").status_code == 403
    assert f'href="/check/?run={run.pk}"' in seen(curator)
    assert f'href="/check/?run={run.pk}"' in seen(operator, f"/jobs/{run.pk}/")
    assert browser(operator).get("/check/?run=x").status_code == 404


def test_the_polled_fragment_stops_when_no_check_is_under_way(address, operator):
    client, headers = browser(operator), {"HX-Request": "true"}
    assert client.get("/check/", headers=headers).status_code == 286
    begun(operator)
    response = client.get("/check/", headers=headers)
    assert response.status_code == 200
    assert "<html" not in response.content.decode()


def test_rest_starts_and_tells_checks(address, operator):
    key = ApiKeyFactory(user=operator, scopes=[Scope.READ.value, Scope.OPERATE.value])
    client, headers = Client(), {"Authorization": f"Bearer {key.token}"}
    started = client.post("/api/v1/hub/checks", headers=headers)
    assert (started.status_code, started.json()["kind"]) == (202, KIND)
    (before,) = client.get("/api/v1/hub/checks", headers=headers).json()["results"]
    assert (before["is_sound"], before["findings"]) == (None, [])
    ended(Run.objects.get(kind=KIND))
    answer = client.get("/api/v1/hub/checks", headers=headers)
    (after,) = answer.json()["results"]
    assert (after["is_sound"], after["asked_by"], after["url"]) == (
        True, operator.username, address.url
    )  # fmt: skip
    assert len(after["findings"]) == PROBES + 1
    assert not any(one.prefix in json.dumps(answer.json()) for one in keys_of_checks())
