"""One look finds the model, the version and the file, and nothing that is not for its caller."""

from __future__ import annotations

import pytest
from django.db import connection

from catalog.models import HubEndpoint
from hub import door, revisions
from hub.door import Files
from hub.meanings import meant_by
from registry.callers import NOBODY, Caller
from registry.enums import Scope, Tier
from registry.models import AccessRequest, Download, Model, ModelAlias
from registry.services.mains import roll_back
from tests.factories.registry import ModelFactory, UserFactory, VersionFactory

pytestmark = pytest.mark.django_db
LITE = Caller(tier=Tier.LITE, scopes=frozenset({Scope.READ}))
CURATOR = Caller(tier=Tier.LITE, scopes=frozenset({Scope.READ, Scope.CURATE}))
KEEPER = Caller(name="carla", tier=Tier.PROFESSIONAL, scopes=frozenset({Scope.CURATE}))


def look(caller, repo_id, rest="main"):
    return door.look(caller, repo_id, revisions.candidates(rest))


@pytest.mark.parametrize(
    ("caller", "tier", "is_private", "known"),
    [
        (NOBODY, "lite", False, False),
        (LITE, "lite", False, True),
        (LITE, "standard", False, False),
        (LITE, "lite", True, False),
        (CURATOR, "lite", True, True),
        (CURATOR, "standard", True, False),
    ],
)
@pytest.mark.parametrize("files", Files)
def test_it_finds_what_the_caller_may_know_of(caller, tier, is_private, known, files):
    version = VersionFactory(model__repo_id="acme/one", model__tier=tier)
    Model.objects.filter(pk=version.model_id).update(is_private=is_private)
    address = "main/a.txt" if files is Files.ONE else "main"
    names = revisions.candidates(address)
    found = door.look(caller, "acme/one", names, address=address, files=files)
    assert (found is not None) is known


@pytest.mark.parametrize("reason", ["asked", "has"])
def test_who_asked_for_it_or_has_it_knows_of_it_and_nobody_else(reason):
    version = VersionFactory(model__repo_id="acme/one", model__tier="professional")
    one, other = UserFactory(tier="lite"), UserFactory(tier="lite")
    if reason == "asked":
        AccessRequest.objects.create(user=one, model=version.model, tier="lite")
    else:
        Download.objects.create(
            user=one, model=version.model, version=version, last_at=version.created_at
        )
    callers = [Caller(user_id=user.pk, tier=Tier.LITE) for user in (one, other, one)]
    assert [look(caller, "acme/one") is not None for caller in callers] == [True, False, True]


@pytest.mark.parametrize("hidden", [False, True])
def test_what_a_name_means_does_not_depend_on_who_asks(hidden):
    """Nobody is given another model by a name that is one's whom they may not know of."""
    tier = "professional" if hidden else "lite"
    first = ModelFactory(slug="first", source="civitai", repo_id="acme/one", tier=tier)
    ModelFactory(slug="second", source="disk", repo_id="acme/one", tier="lite")
    found = look(LITE, "acme/one")
    assert found is None if hidden else found.model == first


def test_a_model_of_the_hub_comes_first():
    ModelFactory(slug="first", source="civitai", repo_id="acme/one")
    ModelFactory(slug="second", source="huggingface", repo_id="acme/one")
    assert look(LITE, "acme/one").model.slug == "second"


def test_every_name_finds_its_version_and_no_other_models():
    one = VersionFactory(model__repo_id="acme/one")
    two = VersionFactory(model=one.model)
    other = VersionFactory(model__repo_id="acme/other", commit="f" * 40)
    names = ["main", "refs/heads/main", one.commit, two.commit, other.commit, "v1", "2", "v3", "x"]
    found = door.look(LITE, "acme/one", names)
    assert found.versions == {
        "main": two,
        "refs/heads/main": two,
        one.commit: one,
        two.commit: two,
        "v1": one,
        "2": two,
    }
    assert found.model.head == two
    roll_back(caller=KEEPER, version=one, reason="two is broken")
    assert look(LITE, "acme/one").versions == {"main": one}


def test_a_former_name_leads_to_the_model_before_any_of_a_later_source():
    version = VersionFactory(model__repo_id="acme/new")
    ModelAlias.objects.create(
        source="huggingface", repo_id="acme/old", model=version.model, at=version.created_at
    )
    ModelFactory(slug="disk", source="disk", repo_id="acme/old")
    assert look(LITE, "acme/old").model == look(LITE, "acme/new").model == version.model
    own = ModelFactory(slug="own", repo_id="acme/old")
    assert look(LITE, "acme/old").model == own


def test_it_means_what_the_list_means():
    names = ("acme/a", "acme/b", "acme/c", "acme/none")
    for slug, source, repo_id in (
        ("1", "upload", "acme/a"),
        ("2", "civitai", "acme/a"),
        ("3", "huggingface", "acme/b"),
        ("4", "disk", "acme/b"),
        ("5", "huggingface", "acme/d"),
    ):
        ModelFactory(slug=slug, source=source, repo_id=repo_id)
    renamed = Model.objects.get(slug="5")
    for name in ("acme/b", "acme/c"):
        ModelAlias.objects.create(
            source="huggingface", repo_id=name, model=renamed, at=renamed.created_at
        )
    found = {name: found.model.pk for name in names if (found := look(LITE, name))}
    assert found == meant_by(names)
    assert set(found) == {"acme/a", "acme/b", "acme/c"}


def test_further_hubs_come_after_the_first_in_the_order_of_their_rows():
    by_source = {}
    for slug, source in enumerate(("hub-b", "civitai", "hub-a", "upload")):
        by_source[source] = ModelFactory(slug=str(slug), source=source, repo_id="acme/a")
    for order, slug in ((2, "a"), (1, "b")):
        HubEndpoint.objects.create(slug=slug, endpoint=f"https://{slug}.example", order=order)

    def meant():
        found = look(LITE, "acme/a").model
        assert meant_by(["acme/a"]) == {"acme/a": found.pk}
        return found.source

    assert meant() == "hub-b"
    HubEndpoint.objects.filter(slug="b").update(order=3, is_active=False)
    assert meant() == "hub-a"
    by_source["hub-a"].delete()
    assert meant() == "hub-b"
    ModelFactory(slug="first", repo_id="acme/a")
    assert meant() == "huggingface"


def test_a_former_name_of_a_hidden_model_is_nothing():
    version = VersionFactory(model__repo_id="acme/new", model__tier="professional")
    ModelAlias.objects.create(
        source="huggingface", repo_id="acme/old", model=version.model, at=version.created_at
    )
    assert look(LITE, "acme/old") is None


def test_a_model_without_versions_is_found():
    ModelFactory(repo_id="acme/one")
    found = look(LITE, "acme/one")
    assert found.model.repo_id == "acme/one"
    assert (found.versions, found.model.head) == ({}, None)


def test_the_file_of_the_address_comes_with_it(django_assert_num_queries):
    """`b` and `a/b` are paths in `main/a/b`, as long as nobody knows which names are revisions."""
    files = {"b": b"1", "a/b": b"22", "held": b"3", "away": b"4"}
    version = VersionFactory(model__repo_id="acme/one", files=files)
    version.files.filter(path="held").update(held_back="why")
    version.files.filter(path="away").update(content=None)
    sizes = {"a/b": 2, "b": 1, "held": None, "away": None, "absent": None}
    for path, size in sizes.items():
        for name in ("main", version.commit, "refs/heads/main", "v1"):
            address = f"{name}/{path}"
            # Behind a number may come more of a name of the source.
            with django_assert_num_queries(2 if name == "v1" else 1):
                names = revisions.candidates(address)
                found = door.look(LITE, "acme/one", names, address=address, files=Files.ONE)
                file = door.file_at(found.versions[name], path)
            assert (file.size if file else None) == size


def test_a_file_that_was_not_looked_for_is_asked_for():
    version = VersionFactory(files={"a": b"1", "b": b"22"})
    found = door.look(
        LITE, version.model.repo_id, ["main", "main/a"], address="main/a", files=Files.ONE
    )
    assert door.file_at(found.versions["main"], "b").size == 2
    assert door.file_at(look(LITE, version.model.repo_id).versions["main"], "a").size == 1


@pytest.mark.parametrize("count", [0, 1, 10])
def test_all_files_of_the_head_come_with_it(django_assert_num_queries, monkeypatch, count):
    files = {f"dir {n}/{n}.txt": b"1" * n for n in range(count)}
    version = VersionFactory(model__repo_id="acme/one", files={**files, "held": b"", "away": b""})
    version.files.filter(path="held").update(held_back="why")
    version.files.filter(path="away").update(content=None)
    with django_assert_num_queries(1):
        found = door.look(LITE, "acme/one", ["main"], files=Files.ALL)
        told = door.files_of(found.versions["main"])
        shown = [(file.path, file.size, file.sha256, file.is_lfs) for file in told]
    asked = door.files_of(look(LITE, "acme/one").versions["main"])
    assert shown == [(file.path, file.size, file.sha256, file.is_lfs) for file in asked]
    assert [path for path, *_ in shown] == sorted(files)
    monkeypatch.setattr(door, "MOST_FILES", 3)
    found = door.look(LITE, "acme/one", ["main"], files=Files.ALL)
    assert door.files_of(found.versions["main"]) == told[:3]


def test_files_of_another_revision_are_asked_for():
    old = VersionFactory(model__repo_id="acme/one", files={"old": b"1"})
    VersionFactory(model=old.model, files={"new": b"2"})
    for name, path in ((old.commit, "old"), ("v1", "old"), ("main", "new")):
        found = door.look(LITE, "acme/one", [name], files=Files.ALL)
        assert [file.path for file in door.files_of(found.versions[name])] == [path]


def test_what_is_described_needs_no_other_query(django_assert_num_queries):
    version = VersionFactory(facts={"card": {"license": "mit"}}, config={"model_type": "bert"})
    version.model.tags.create(name="one")
    with django_assert_num_queries(1):
        found = look(LITE, version.model.repo_id)
        model, head = found.model, found.versions["main"]
        assert (head.facts, head.config) == (version.facts, version.config)
        assert door.tag_names_of(model) == ["one"]
        assert (model.author, head.model, model.head) == (version.model.author, model, head)


def test_one_plan_serves_all_names_and_callers_of_a_kind():
    VersionFactory(model__repo_id="acme/one")
    people = [Caller(user_id=number, tier=Tier.LITE) for number in (7, 8)]
    for caller in people:
        for rest in ("main", "v1", "0" * 40, "refs/pr/1/a/b", "1/2/3"):
            look(caller, "acme/one", rest)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        kept = [text for (text,) in cursor.fetchall() if "array_position" in text]
    assert len(kept) == len({text.replace("$", "") for text in kept}) == 1
