"""A name that is not here: kept, brought where policy says so, and told like a hidden one."""

from __future__ import annotations

from datetime import timedelta

import huggingface_hub as hf
import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from catalog.services import demand as demands
from core import rates
from core.models import Run, RunState
from registry.models import AuditEvent, Demand, Model, Policy
from tests.factories.registry import ApiKeyFactory, ModelFactory, UserFactory, VersionFactory
from tests.hub.test_client import endpoint
from tests.standins.fixture import start_upstream, upstream
from tests.standins.repos import NON_COMMERCIAL, PRIVATE
from tests.standins.yard import make_yard, yard

__all__ = [
    "endpoint",
    "make_yard",
    "start_upstream",
    "upstream",
    "yard",
]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hub_client")]
MISSING = "nobody/nothing"
BOTH = ("read", "request")


@pytest.fixture
def policy(settings, monkeypatch):
    """The word of every tier, by the settings; and nothing spent in this hour."""
    monkeypatch.setattr(rates, "_here", rates._Broker())
    monkeypatch.setattr(demands, "_HOUR", 3601 + int(timezone.now().timestamp() * 1e6) % 10**6)
    monkeypatch.setattr(demands, "is_first", lambda *words, seconds: True)

    def say(word):
        settings.HUB_PULL_THROUGH = word

    return say


@pytest.fixture
def make_key():
    def make(*scopes, tier="professional"):
        user = UserFactory(tier=tier)
        user.groups.add(Group.objects.get_or_create(name="viewer")[0])
        return ApiKeyFactory(user=user, scopes=scopes or BOTH)

    return make


def path_of(repo_id, revision="main"):
    return f"/{repo_id}/resolve/{revision}/config.json"


def code(answer):
    return answer.status_code, answer["X-Error-Code"]


@pytest.mark.parametrize(
    ("word", "scopes", "kept"),
    [("off", BOTH, 0), ("record", BOTH, 1), ("start", ("read",), 1)],
)
def test_what_starts_nothing_is_told_as_it_always_was(ask, policy, make_key, word, scopes, kept):
    policy("off")
    key = make_key(*scopes)
    before = ask(path_of(MISSING), key=key)
    policy(word)
    after = ask(path_of(MISSING), key=key)
    assert (code(after), after.content) == ((404, "RepoNotFound"), before.content)
    assert Demand.objects.count() == kept
    assert not Run.objects.exists()


def test_it_is_kept_who_asked_and_how_often(ask, policy, make_key):
    policy("record")
    first, second = make_key(), make_key()
    for key in (first, first, second):
        ask(path_of(MISSING), key=key, User_Agent="hf_hub/2.4")
    row = Demand.objects.get()
    assert (row.repo_id, row.revision, row.count, row.state) == (MISSING, "", 3, "recorded")
    askers = {asker.user_id: (asker.count, asker.client) for asker in row.askers.all()}
    assert askers == {first.user_id: (2, "hf_hub/2.4"), second.user_id: (1, "hf_hub/2.4")}
    assert not AuditEvent.objects.filter(action="hub.refused").exists()


@pytest.mark.parametrize("name", ["a--b/c", "x..y/z", "a" * 97, "only.git"])
def test_what_is_no_name_is_not_kept(ask, policy, make_key, name):
    policy("start")
    assert ask(path_of(name), key=make_key()).status_code == 404
    assert not Demand.objects.exists()


@pytest.mark.parametrize("path", ["/datasets/a/b/resolve/main/x", "/api/datasets/a/b"])
def test_datasets_are_nothing_that_could_come(ask, policy, make_key, path):
    policy("start")
    assert code(ask(path, key=make_key())) == (404, "RepoNotFound")
    assert not Demand.objects.exists()


def test_who_has_no_account_leaves_nothing(ask, policy, settings):
    settings.OPEN_CATALOG = True
    policy("start")
    assert ask(path_of(MISSING), key=None).status_code == 401
    assert not Demand.objects.exists()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_by_policy_it_is_requested_and_comes(ask, policy, make_key, yard, method):
    policy("start")
    key = make_key()
    answer = ask(path_of(NON_COMMERCIAL), key=key, method=method)
    run = Run.objects.get()
    assert code(answer) == (403, "GatedRepo")
    message = answer["X-Error-Message"]
    assert message.startswith(f"{NON_COMMERCIAL} was requested for you; ask again in ")
    assert message.endswith(f"/jobs/{run.pk}/")
    assert message.isascii()
    assert ask(path_of(NON_COMMERCIAL), key=key)["X-Error-Message"] == message
    assert Run.objects.count() == 1
    assert not AuditEvent.objects.filter(action="hub.refused").exists()
    yard.drive(run)
    answer = ask(path_of(NON_COMMERCIAL), key=key)
    assert answer.status_code == 200
    answer.getvalue()


def test_the_real_client_shows_the_sentence(endpoint, policy, make_key, yard, tmp_path):
    policy("start")
    token = make_key().token
    with pytest.raises(hf.errors.GatedRepoError, match="was requested for you; ask again in"):
        hf.hf_hub_download(
            NON_COMMERCIAL, "config.json", endpoint=endpoint, token=token, cache_dir=tmp_path
        )
    with pytest.raises(hf.errors.GatedRepoError, match="/jobs/"):
        hf.HfApi(endpoint=endpoint, token=token).model_info(NON_COMMERCIAL)


def test_the_word_of_the_tiers_policy_comes_before_the_settings(ask, policy, make_key, yard):
    policy("record")
    for tier, word in (("lite", "start"), ("standard", "nonsense")):
        Policy.objects.filter(tier=tier).update(is_active=False)
        Policy.objects.create(tier=tier, number=99, gates={}, limits={"pull_through": word})
    assert ask(path_of(MISSING), key=make_key(tier="professional")).status_code == 404
    assert ask(path_of(MISSING), key=make_key(tier="standard")).status_code == 404
    assert not Run.objects.exists()
    assert ask(path_of(MISSING), key=make_key(tier="lite")).status_code == 403


def test_two_who_ask_at_once_wait_for_one_run_and_both_may_follow_it(ask, policy, make_key, yard):
    policy("start")
    for key in (make_key(), make_key()):
        assert ask(path_of(MISSING), key=key).status_code == 403
    run = Run.objects.get()
    assert run.intake.askers.count() == 2


def test_what_its_source_has_not_is_missing_for_a_while_and_asked_for_once(
    ask, policy, make_key, yard
):
    policy("start")
    key = make_key()
    assert ask(path_of(MISSING), key=key).status_code == 403
    assert yard.drive(Run.objects.get()).error_code == "upstream_not_found"
    for _ in range(3):
        answer = ask(path_of(MISSING), key=key)
        assert code(answer) == (404, "RepoNotFound")
        assert "nor does Hugging Face give it" in answer["X-Error-Message"]
    assert code(ask(path_of(MISSING), key=make_key())) == (404, "RepoNotFound")
    assert Run.objects.count() == 1
    Demand.objects.update(next_try=timezone.now() - timedelta(seconds=1))
    assert ask(path_of(MISSING), key=key).status_code == 403
    assert Run.objects.count() == 2


def test_what_could_not_be_brought_is_tried_again_later(ask, policy, make_key, yard):
    policy("start")
    key = make_key()
    ask(path_of(MISSING), key=key)
    Run.objects.update(
        state=RunState.FAILED, finished_at=timezone.now(), error_code="x", error="Broken."
    )
    assert code(ask(path_of(MISSING), key=key)) == (404, "RepoNotFound")
    row = Demand.objects.get()
    assert (row.state, row.note) == ("recorded", "Broken.")
    assert timedelta(0) < row.next_try - timezone.now() <= demands.TRIED_AGAIN


def test_a_hidden_model_is_asked_for_like_a_missing_one(ask, policy, make_key, yard):
    """Of a higher tier, or hidden by its source: every word and header is that of a missing one."""
    policy("start")
    hidden = VersionFactory(model__tier="professional").model.repo_id
    secret = VersionFactory().model
    Model.objects.filter(pk=secret.pk).update(is_private=True)
    seen = []
    for repo_id in ("no/such-thing", hidden, secret.repo_id):
        answer = ask(path_of(repo_id), key=make_key(tier="lite"))
        run = Run.objects.get(key=f"huggingface:{repo_id}@main")
        Run.objects.update(state=RunState.CANCELLED, finished_at=timezone.now())
        text = f"{answer.status_code} {dict(answer.headers)} {answer.content!r}"
        length, request_id = answer["Content-Length"], answer["X-Request-Id"]
        for word in (repo_id, str(run.pk), request_id, f"'Content-Length': '{length}'"):
            text = text.replace(word, "")
        seen.append(text)
    assert code(answer) == (403, "GatedRepo")
    assert seen[0] == seen[1] == seen[2]


def test_who_asked_is_told_the_tier_once_it_is_here(ask, policy, make_key, yard):
    policy("start")
    key = make_key(tier="lite")
    assert ask(path_of(NON_COMMERCIAL), key=key).status_code == 403
    yard.drive(Run.objects.get())
    answer = ask(path_of(NON_COMMERCIAL), key=key)
    assert "is for tier professional and above" in answer["X-Error-Message"]
    again = ask(path_of(NON_COMMERCIAL), key=make_key(tier="lite"))
    assert "was requested for you" in again["X-Error-Message"]


def test_what_a_source_hides_ends_as_what_it_has_not(ask, policy, make_key, yard):
    policy("start")
    told = []
    for repo_id in (PRIVATE, MISSING):
        key = make_key()
        assert ask(path_of(repo_id), key=key).status_code == 403
        yard.drive(Run.objects.get(key=f"huggingface:{repo_id}@main"))
        answer = ask(path_of(repo_id), key=key)
        told.append((code(answer), answer["X-Error-Message"].replace(repo_id, "REPO")))
    assert told[0] == told[1]


@pytest.mark.parametrize("revision", ["f" * 40, "refs%2Fpr%2F7"])
def test_a_revision_that_is_not_here_is_kept_and_never_brought(ask, policy, make_key, revision):
    """The newest admitted version is `main`: a client would choose it for everybody."""
    policy("start")
    repo_id = VersionFactory().model.repo_id
    answer = ask(path_of(repo_id, revision), key=make_key())
    assert code(answer) == (404, "RevisionNotFound")
    assert Demand.objects.get(repo_id=repo_id).revision
    assert not Run.objects.exists()


def test_what_is_only_listed_is_brought_as_well(ask, policy, make_key, yard):
    model = ModelFactory()
    key = make_key()
    policy("record")
    assert "it is listed here" in ask(path_of(model.repo_id), key=key)["X-Error-Message"]
    policy("start")
    assert "was requested for you" in ask(path_of(model.repo_id), key=key)["X-Error-Message"]


def test_what_is_being_imported_says_when_to_come_back(ask, policy, make_key, yard):
    """Each refusal is one event of the trail, whatever the time it names."""
    policy("off")
    run = yard.drive(yard.ask(NON_COMMERCIAL).run, until="fetch")
    key = make_key()
    message = ask(path_of(NON_COMMERCIAL), key=key)["X-Error-Message"]
    assert "is not admitted yet: its inspection has not finished. Ask again in " in message
    event = AuditEvent.objects.get(action="hub.refused")
    assert "Ask again" not in event.reason
    Run.objects.filter(pk=run.pk).update(state=RunState.CANCELLED, finished_at=timezone.now())
    assert "Ask again" not in ask(path_of(NON_COMMERCIAL), key=key)["X-Error-Message"]


def test_one_person_has_so_many_names_brought_in_an_hour(ask, policy, make_key, yard):
    policy("start")
    key = make_key()
    answers = [ask(path_of(f"acme/thing-{n}"), key=key) for n in range(demands.PER_HOUR + 2)]
    assert [answer.status_code for answer in answers] == [403] * demands.PER_HOUR + [404] * 2
    assert Run.objects.count() == demands.PER_HOUR
    assert ask(path_of("acme/other"), key=make_key()).status_code == 403
