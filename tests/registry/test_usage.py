"""Sums of what was served: each row counts once, in the words of the day it is of."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from registry.client_families import family_of
from registry.models import Model, Served, Team, UsageDay
from registry.served import ServedId
from registry.services.seals import seal_served
from registry.services.serving import note_sent
from registry.services.usage import count_downloads
from tests.factories.registry import ServedFactory, UserFactory, VersionFactory


@pytest.mark.parametrize(
    ("client", "family"),
    [
        ("unknown/None; hf_hub/2.4.0; python/3.11.2", "huggingface_hub"),
        ("unknown/None; hf_hub/1.33.0; python/3.11; transformers/5.10.2", "transformers"),
        ("diffusers/0.42.1; hf_hub/1.3; python/3.12", "diffusers"),
        ("sentence-transformers/6.2.0; hf_hub/2.4; transformers/5.23", "sentence-transformers"),
        ("llama-cpp/b6000", "llama.cpp"),
        ("ollama/0.9.1 (amd64 linux) Go/go1.24", "ollama"),
        ("curl/8.5.0", "curl"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "browser"),
        ("", "other"),
        ("mytransformers/1", "other"),
        ("x" * 5000, "other"),
    ],
)
def test_a_client_is_of_one_family(client, family):
    assert family_of(client) == family


@pytest.mark.django_db
def test_rows_of_a_day_are_one_sum_by_person_team_and_family():
    version, user = VersionFactory(), UserFactory()
    team = Team.objects.create(slug="speech", name="Speech")
    ServedFactory(version=version, user=user, team=team, length=10)
    ServedFactory(version=version, user=user, team=team, start=10, length=20)
    ServedFactory(version=version, user=user, team=team, client="Wget/1.21", length=5)
    ServedFactory(version=version)
    ServedFactory(version=version)
    seal_served()
    ServedFactory(version=version, user=user, team=team, length=3)
    seal_served()
    sums = UsageDay.objects.values_list("user", "team", "client_family", "files", "bytes")
    assert sorted(sums, key=str) == sorted(
        [
            (user.pk, team.pk, "curl", 2, 33),
            (user.pk, team.pk, "wget", 1, 5),
            (None, None, "curl", 2, 20),
        ],
        key=str,
    )
    assert set(UsageDay.objects.values_list("model", "version", "day")) == {
        (version.model_id, version.pk, timezone.now().date())
    }


@pytest.mark.django_db
def test_what_left_replaces_what_was_promised():
    row = ServedFactory(length=10)
    other = ServedFactory(version=row.version, length=7)
    seal_served()
    note_sent([(ServedId(row.at, row.pk), 4), (ServedId(other.at, other.pk), 7)])
    seal_served()
    seal_served()
    assert UsageDay.objects.values_list("files", "bytes").get() == (2, 11)


@pytest.mark.django_db
def test_a_row_of_what_is_gone_is_sealed_and_counts_for_nothing():
    row = ServedFactory()
    Model.objects.filter(pk=row.model_id).update(head=None)
    row.version.delete()
    seal_served()
    assert Served.objects.get().seal == row.pk
    assert not UsageDay.objects.exists()


@pytest.mark.django_db
def test_ten_rows_cost_the_statements_of_one():
    version = VersionFactory()

    def statements():
        with CaptureQueriesContext(connection) as queries:
            seal_served()
        return len(queries)

    ServedFactory(version=version)
    one = statements()
    ServedFactory.create_batch(10, version=version)
    assert statements() == one


@pytest.mark.django_db
def test_a_model_tells_the_downloads_of_thirty_days_and_only_changes_are_written():
    busy, quiet, former = (VersionFactory().model for _ in range(3))
    Model.objects.filter(pk=former.pk).update(downloads_month=9)
    today = timezone.now().date()
    for days, files in ((0, 2), (29, 3), (30, 100)):
        UsageDay.objects.create(
            day=today - timedelta(days=days), model=busy, version=busy.head, files=files
        )
    assert count_downloads() == 2
    counts = dict(Model.objects.values_list("pk", "downloads_month"))
    assert counts == {busy.pk: 5, quiet.pk: 0, former.pk: 0}
    assert count_downloads() == 0
