"""The Usage page, its CSV and REST: staff see what their tier sees, everybody else themselves."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.pages.usage import usage_context
from core.wording import grouped
from registry.authentication import caller_of_user
from registry.models import Team, UsageDay
from registry.selectors.usage import usage_of
from registry.services.usage import count_downloads


def today():
    return timezone.now().date()


def used(model, *, user=None, team=None, days=0, client="curl", files=1, count=1000):
    return UsageDay.objects.create(
        day=today() - timedelta(days=days),
        model=model,
        version=model.head,
        user=user,
        team=team,
        client_family=client,
        files=files,
        bytes=count,
    )


@pytest.fixture
def team(db):
    return Team.objects.create(slug="speech", name="Speech")


@pytest.fixture
def seen(client):
    """The page as a key's person sees it in a browser."""

    def see(key, query=""):
        client.force_login(key.user, backend="django.contrib.auth.backends.ModelBackend")
        answer = client.get(f"/usage/{query}")
        content = b"".join(answer) if answer.streaming else answer.content
        return answer, content.decode()

    return see


def test_staff_see_sums_by_model_team_and_client(ask, make_key, make_model, team):
    one, two = make_model("acme/one"), make_model("acme/two")
    key = make_key(role="curator")
    used(one, team=team, count=5, user=make_key().user)
    used(one, client="vllm", count=7)
    used(two, count=100, files=0)
    used(two, count=9, days=30)
    usage = ask("/api/v1/usage", key=key).json()
    assert (usage["days"], usage["files"], usage["bytes"]) == (30, 2, 112)
    assert usage["by_model"] == [
        {"name": "acme/two", "slug": two.slug, "files": 0, "bytes": 100},
        {"name": "acme/one", "slug": one.slug, "files": 2, "bytes": 12},
    ]
    assert [(line["name"], line["bytes"]) for line in usage["by_team"]] == [
        ("", 107), ("Speech", 5)
    ]  # fmt: skip
    assert [(line["name"], line["bytes"]) for line in usage["by_client"]] == [
        ("curl", 105), ("vllm", 7)
    ]  # fmt: skip
    assert ask("/api/v1/usage?days=90", key=key).json()["bytes"] == 121
    assert ask(f"/api/v1/usage?model={one.slug}&team=speech", key=key).json()["bytes"] == 5


def test_days_are_told_over_rest_and_drawn(ask, seen, make_key, make_model):
    model, key = make_model(), make_key(role="operator")
    used(model, count=3000)
    used(model, days=2, count=500, files=4)
    days = ask("/api/v1/usage", key=key).json()["by_day"]
    assert days == [
        {"day": str(today() - timedelta(days=2)), "files": 4, "bytes": 500},
        {"day": str(today()), "files": 1, "bytes": 3000},
    ]
    _, page = seen(key)
    assert page.count("</title></rect>") == 30
    assert 'aria-label="Bytes by day: ' in page
    _, page = seen(make_key())
    assert "Bytes by day" not in page


def test_a_year_is_drawn_by_weeks_that_lose_no_day(make_key, make_model, rf, curator):
    model = make_model()
    for days in (0, 6, 7, 364):
        used(model, days=days, count=10**days if days < 9 else 5)
    used(model, days=365, count=10**9)
    request = rf.get("/usage/", {"days": "365"})
    chart = usage_context(request, curator)["chart"]
    assert chart["unit"] == "week"
    assert len(chart["bars"]) == 53
    assert [amount for _, amount in chart["bars"] if amount] == [5, 10**7, 10**6 + 1]
    assert [row["bytes"] for row in chart["rows"]] == [10**6 + 1, 10**7, 5]


def test_others_see_their_own_use_alone(ask, make_key, make_model, team):
    model = make_model()
    key, other = make_key(), make_key()
    used(model, user=key.user, count=5)
    used(model, user=other.user, team=team, count=70)
    used(model, count=900)
    assert ask("/api/v1/usage", key=key).json()["bytes"] == 5
    assert ask("/api/v1/usage?team=speech", key=key).status_code == 404
    assert ask("/api/v1/usage?team=nobodys", key=key).status_code == 404


def test_what_is_above_ones_tier_counts_for_nobody_below(ask, make_key, make_model):
    hidden = make_model("acme/hidden", tier="professional")
    key = make_key(tier="lite", role="curator")
    used(hidden)
    usage = ask("/api/v1/usage", key=key).json()
    assert (usage["files"], usage["by_model"], usage["by_client"]) == (0, [], [])
    assert ask(f"/api/v1/usage?model={hidden.slug}", key=key).status_code == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [("days=31", 400), ("days=x", 400), ("days=%D9%A3", 400), ("week=1", 400), ("days=365", 200)],
)
def test_a_period_is_one_of_three(ask, make_key, query, status):
    assert ask(f"/api/v1/usage?{query}", key=make_key()).status_code == status


def test_who_may_not_read_sees_no_usage(ask, make_key):
    assert ask("/api/v1/usage").status_code == 401
    assert ask("/api/v1/usage", key=make_key(scopes=["request"])).status_code == 403


def test_the_page_narrows_and_says_whose_use_it_is(seen, make_key, make_model, team):
    model, key = make_model(), make_key(role="operator")
    used(model, team=team, count=2_000_000)
    _, page = seen(key)
    assert "What was served by the Hub protocol" in page
    assert f'href="/usage/?days=30&amp;model={model.slug}"' in page
    assert 'href="/usage/?days=30&amp;team=speech"' in page
    _, page = seen(key, f"?days=90&model={model.slug}&team=speech")
    assert "of acme/one" in page
    assert "by Speech" in page
    assert f'href="/usage/?days=365&amp;model={model.slug}&amp;team=speech"' in page
    _, page = seen(make_key())
    assert "Nothing was served in this time" in page


def test_a_model_tells_its_downloads_once_they_were_counted(client, make_key, make_model):
    model, key = make_model(), make_key()
    client.force_login(key.user, backend="django.contrib.auth.backends.ModelBackend")
    address = f"/models/{model.slug}/"
    assert "files in 30 days" not in client.get(address).content.decode()
    used(model, files=1234)
    count_downloads()
    page = client.get(address).content.decode()
    assert f"{grouped(1234)} files in 30 days" in page
    assert f'href="/usage/?model={model.slug}"' in page


def test_every_row_of_the_period_is_a_line(seen, make_key, make_model, team):
    model, key = make_model(), make_key(role="operator")
    team.slug = "=speech"
    team.save()
    used(model, team=team, count=5, user=key.user)
    used(model, team=team, count=6, user=make_key().user)
    used(model, days=40, client="vllm")
    answer, text = seen(key, "?days=90&format=csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(text)))
    commit = model.head.commit
    assert [tuple(line.values()) for line in lines] == [
        (str(today() - timedelta(days=40)), "acme/one", commit, "", "vllm", "1", "1000"),
        (str(today()), "acme/one", commit, "'=speech", "curl", "2", "11"),
    ]
    assert key.user.username not in text


def test_ten_models_cost_the_queries_of_one(make_key, make_model, curator):
    used(make_model("acme/0"))

    def queries():
        with CaptureQueriesContext(connection) as found:
            usage_of(curator, days=365)
        return len(found)

    one = queries()
    for number in range(1, 10):
        used(make_model(f"acme/{number}"))
    assert queries() == one


@pytest.fixture
def curator(make_key):
    """The caller that a curator is."""
    return caller_of_user(make_key(role="curator").user)
