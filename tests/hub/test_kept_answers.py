"""A description that is sent again is the one that would be made now, and only for its caller."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core import rates
from hub import model_info
from registry.callers import Caller
from registry.enums import Scope, Tier
from registry.models import ApiKey, Download, Model, ModelFile, ModelVersion, Tag, User
from registry.services.curation import change_tier, withdraw
from registry.services.heads import refresh_head
from registry.services.holding import hold_back
from registry.services.mains import roll_back
from registry.services.names import name_version
from registry.services.quarantine import quarantine
from tests.catalog.before_django import web_client
from tests.factories.registry import ApiKeyFactory, VersionFactory

KEEPER = Caller(name="carla", tier=Tier.PROFESSIONAL, scopes=frozenset({Scope.READ, Scope.CURATE}))
FILES = {"config.json": b"{}", "model.safetensors": b"weights"}


@pytest.fixture
def web(db):
    with web_client() as client:
        yield client


@pytest.fixture
def made(monkeypatch):
    """Count the descriptions that are made."""
    counted = []

    def counting(model, version, original=model_info.summary_of):
        counted.append(version.number)
        return original(model, version)

    monkeypatch.setattr(model_info, "summary_of", counting)
    return counted


@pytest.fixture
def version(db, store):
    return VersionFactory(model__repo_id="acme/one", files=FILES, store=store)


@pytest.fixture
def key(db):
    return ApiKeyFactory(user__tier="lite", last_used_at=timezone.now())


@pytest.fixture
def ask(web, key, version):
    """Ask for the description with a key, after it was kept for the first key."""

    def send(query="", *, by=key, repo="acme/one", **headers):
        headers = {"Authorization": f"Bearer {by.token}", **headers}
        return web.get(f"/hf/api/models/{repo}{query}", headers=headers)

    assert send().status_code == 200
    return send


def test_what_is_asked_for_again_is_not_made_again(ask, made):
    first, second = ask(), ask()
    assert made == []
    assert first.json() == second.json()
    told = [dict(answer.headers) for answer in (first, second)]
    assert told[0].pop("x-request-id") != told[1].pop("x-request-id")
    assert told[0] == told[1]
    assert told[0]["x-repo-commit"] == first.json()["sha"]
    assert told[0]["cache-control"] == "private, no-cache"


def test_it_asks_who_it_is_and_what_there_is_in_one_query(ask):
    with CaptureQueriesContext(connection) as queries:
        ask()
    (one,) = [query["sql"] for query in queries]
    for table in ("apikey", "model", "modelversion", "modelfile"):
        assert f"registry_{table}" in one


@pytest.mark.parametrize(
    "query", ["?blobs=true", "?expand=sha", "/revision/v1", "/revision/refs%2Fheads%2Fmain"]
)
def test_each_question_has_its_own_answer(ask, made, query):
    first = ask(query)
    assert (first.status_code, made) == (200, [1])
    assert ask(query).content == first.content
    assert made == [1]


def test_what_the_scan_says_is_made_anew(ask, made):
    for _ in range(2):
        assert "securityRepoStatus" in ask("?securityStatus=true").json()
    assert made == [1, 1]


def hold(version):
    hold_back(version=version, reasons={"config.json": "Unsafe."}, format_of=lambda path: "")


def add_version(version):
    VersionFactory(model=version.model, files=FILES)


def in_quarantine(version):
    quarantine(sha256=version.files.get(path="config.json").sha256, reason="rotten")


SHOWN = {
    "a file is held back": (hold, {"siblings", "usedStorage"}),
    "a file is held back, whoever writes": (
        lambda v: v.files.filter(path="config.json").update(held_back="why"),
        {"siblings"},
    ),
    "a content is gone": (
        lambda v: v.files.filter(path="config.json").update(content=None),
        {"siblings"},
    ),
    "a tag more": (lambda v: v.model.tags.create(name="new"), {"tags"}),
    "a tag renamed": (lambda v: Tag.objects.update(name="newer"), {"tags"}),
    "what the source says": (
        lambda v: ModelVersion.objects.update(facts={"pipeline_tag": "fill-mask"}),
        {"pipeline_tag"},
    ),
    "another head": (add_version, {"sha", "lastModified"}),
    "another author": (lambda v: Model.objects.update(author="else"), {"author"}),
}


@pytest.mark.parametrize(("change", "fields"), SHOWN.values(), ids=SHOWN)
def test_each_change_shows_at_once(ask, version, change, fields):
    version.model.tags.create(name="old")
    before = ask().json()
    assert ask().json() == before
    change(version)
    after = ask().json()
    assert {name for name in {*before, *after} if before.get(name) != after.get(name)} == fields


ENDS = {
    "withdrawn": lambda v: withdraw(caller=KEEPER, version=v, reason="x"),
    "a content in quarantine": in_quarantine,
    "of a higher tier": lambda v: change_tier(caller=KEEPER, model=v.model, tier="standard"),
    "hidden by its source": lambda v: Model.objects.update(is_private=True),
    "held": lambda v: (
        ModelVersion.objects.update(admission="held"),
        refresh_head(Model.objects.get()),
    ),
    "renamed": lambda v: Model.objects.update(repo_id="acme/other"),
    "named by an earlier source": lambda v: (
        Model.objects.update(source="disk")
        and VersionFactory(model__repo_id="acme/one", model__slug="first", model__tier="standard")
    ),
}


@pytest.mark.parametrize("change", ENDS.values(), ids=ENDS)
def test_what_may_not_be_had_any_more_is_refused_at_once(ask, version, change):
    assert ask().status_code == 200
    change(version)
    answer = ask()
    assert answer.status_code in {403, 404}
    assert version.commit not in answer.text


OUT = {
    "revoked": lambda key: ApiKey.objects.update(revoked_at=timezone.now()),
    "expired": lambda key: ApiKey.objects.update(expires_at=timezone.now()),
    "deactivated": lambda key: User.objects.update(is_active=False),
}


@pytest.mark.parametrize("end", OUT.values(), ids=OUT)
def test_a_key_that_ended_gets_nothing(ask, key, end):
    end(key)
    assert ask().status_code == 401


def test_a_key_that_lost_its_scope_or_tier_is_refused(ask, key, version):
    ApiKey.objects.update(scopes=["request"])
    assert ask().status_code == 403
    ApiKey.objects.update(scopes=["read"])
    Model.objects.update(tier="standard")
    User.objects.update(tier="standard")
    ApiKey.objects.update(tier_cap="standard")
    assert ask().status_code == 200
    User.objects.update(tier="lite")
    assert ask().status_code == 404


def test_who_may_know_of_it_for_having_it_is_told_no_longer_when_that_ends(ask, key, version):
    """A refusal is never kept, so what follows from a download ends with it."""
    now = timezone.now()
    Download.objects.create(user=key.user, model=version.model, version=version, last_at=now)
    Model.objects.update(tier="standard")
    assert [ask().status_code for _ in range(2)] == [403, 403]
    Download.objects.all().delete()
    assert ask().status_code == 404


def test_one_key_is_never_given_what_was_made_for_another(ask, version):
    Model.objects.update(tier="standard")
    high = ApiKeyFactory(user__tier="standard")
    for _ in range(3):
        assert ask(by=high).status_code == 200
        assert ask().status_code == 404


def test_main_that_goes_back_is_told_at_once(ask, version):
    second = VersionFactory(model=version.model, files=FILES)
    assert [ask().json()["sha"] for _ in range(2)] == [second.commit] * 2
    roll_back(caller=KEEPER, version=version, reason="two is broken")
    assert ask().json()["sha"] == version.commit


def test_a_name_that_moved_on_is_told_at_once(ask, version, made):
    name_version(version, "dev")
    for _ in range(2):
        assert ask("/revision/dev").json()["sha"] == version.commit
    assert made == [1]
    second = VersionFactory(model=version.model, files=FILES)
    name_version(second, "dev")
    assert ask("/revision/dev").json()["sha"] == second.commit


def test_a_file_more_shows_at_once(ask, version):
    taken = version.files.get(path="config.json")
    ModelFile.objects.filter(pk=taken.pk).update(content=None)
    assert len(ask().json()["siblings"]) == 1
    assert len(ask().json()["siblings"]) == 1
    ModelFile.objects.filter(pk=taken.pk).update(content=taken.sha256)
    assert len(ask().json()["siblings"]) == 2


def test_another_host_or_form_is_another_answer(ask, made):
    assert ask(Host="elsewhere.example").status_code == 400
    for headers in ({"Accept": "text/html"}, {"Host": "localhost"}, {"Cookie": "a=b"}):
        assert ask(**headers).status_code == 200
    assert made == [1, 1, 1]


def test_a_key_that_was_not_used_lately_is_noted_again(ask, key):
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(hours=1))
    ask()
    key.refresh_from_db()
    assert timezone.now() - key.last_used_at < timedelta(minutes=1)


def test_an_answer_is_sent_again_however_it_grew_or_shrank(ask, made):
    for number, length in enumerate((1, 20_000, 1, 30_000), start=1):
        ModelVersion.objects.update(facts={"card": {"text": "x" * length}})
        for _ in range(3):
            assert ask().json()["cardData"] == {"text": "x" * length}
        assert len(made) == number


@pytest.fixture
def counted(ask, monkeypatch, settings):
    """A quota of five, of which nothing was taken yet."""
    settings.HUB_RATE_FILES = 5
    monkeypatch.setattr(rates, "_here", rates._Broker())
    now = float(uuid.uuid4().int % 10**12)
    monkeypatch.setattr(rates, "time", lambda: now)


def test_what_is_sent_again_counts_and_says_what_is_left(ask, made, counted):
    left = [ask().headers["RateLimit"] for _ in range(3)]
    assert made == []
    assert len(set(left)) == 3
    assert ask().headers["RateLimit-Policy"].startswith('"fixed window";"resolvers";q=5;')


def test_what_is_one_too_many_is_refused_though_it_is_kept(ask, made, counted):
    answers = [ask() for _ in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    assert made == []
    assert answers[0].headers["RateLimit"].startswith('"resolvers";r=4;')
    assert answers[-1].headers["RateLimit"].startswith('"resolvers";r=0;')


def test_where_nobody_counts_nothing_is_said_to_be_left(ask, made, counted, settings):
    assert "RateLimit" in ask().headers
    settings.HUB_RATE_FILES = 0
    assert "RateLimit" not in ask().headers
    assert made == []
