"""Which words mean a version by themselves, and what is remembered of others."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from registry import names
from registry.models import ModelAlias, VersionName
from registry.services.names import add_alias, name_version
from tests.factories.registry import ModelFactory, VersionFactory


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("3", 3),
        ("v12", 12),
        ("refs/tags/v2", 2),
        ("v0", None),
        ("03", None),
        ("v1.0", None),
        ("9" * 10, None),
        ("\u0663", None),
        ("main", None),
    ],
)
def test_versions_are_named_by_number(name, number):
    assert names.number_of(name) == number


def test_a_commit_is_its_whole_hash():
    assert names.is_commit("a" * 40)
    assert names.is_commit("a" * 64)
    assert not names.is_commit("a" * 7)
    assert not names.is_commit("A" * 40)
    assert not names.is_commit("a" * 40 + "\n")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("main", ""),
        ("refs/heads/main", ""),
        ("", ""),
        ("a" * 40, ""),
        ("v3", ""),
        ("refs/heads/v3", ""),
        ("x" * 201, ""),
        ("feature/x", "feature/x"),
        ("refs/heads/feature/x", "feature/x"),
        ("refs/pr/1", "refs/pr/1"),
        ("refs/tags/v1.0", "refs/tags/v1.0"),
    ],
)
def test_what_means_something_here_is_not_kept_as_a_name(name, kept):
    assert names.kept_name(name) == kept


@pytest.mark.django_db
def test_a_name_keeps_every_version_that_it_meant():
    one = VersionFactory()
    two = VersionFactory(model=one.model)
    for version in (one, two, one):
        name_version(version, "refs/heads/dev")
    rows = VersionName.objects.order_by("asked_at")
    assert [(row.name, row.version) for row in rows] == [("dev", two), ("dev", one)]
    name_version(one, "main")
    assert VersionName.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["main", "", "v3", "refs/tags/3", "refs/heads/x", "a" * 64])
def test_the_database_keeps_no_name_that_means_something_here(name):
    version = VersionFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        VersionName.objects.create(
            model=version.model, version=version, name=name, asked_at=timezone.now()
        )


@pytest.mark.django_db
def test_an_alias_leads_to_the_model_that_was_named_last():
    old, new = ModelFactory(), ModelFactory()
    add_alias(old, old.source, "acme/former")
    add_alias(new, new.source, "acme/former")
    add_alias(new, new.source, new.repo_id)
    alias = ModelAlias.objects.get()
    assert (alias.repo_id, alias.model) == ("acme/former", new)
