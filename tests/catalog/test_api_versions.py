from __future__ import annotations

import pytest
from django.db import connection

from catalog.api import differences
from catalog.models import VersionText
from registry.models import ModelFile
from tests.catalog.test_api_models import problem
from tests.factories.registry import VersionFactory

BASE = "/api/v1/models/acme--one/versions"


@pytest.fixture
def two(make_model):
    """Two versions: one file stays, one changes, one goes, one comes."""
    model = make_model(files={"same": b"1", "changed": b"old", "gone": b"x", "w.bin": b"weights"})
    files = {"same": b"1", "changed": b"newer", "come": b"y", "w.bin": b"weights"}
    VersionFactory(model=model, files=files, admission="held")
    model.refresh_from_db()
    return model


def test_versions_are_listed_newest_first_with_the_fields_of_the_contract(ask, make_key, two):
    rows = ask(BASE, key=make_key()).json()["results"]
    assert [row["version"] for row in rows] == [2, 1]
    first = rows[1]
    contract = "model version revision filename size_bytes download_url changes created_at"
    assert set(contract.split()) <= set(first)
    assert (first["model"], first["filename"], first["file_count"]) == ("acme--one", "w.bin", 4)
    assert first["download_url"] == f"/hf/acme/one/resolve/{first['revision']}/w.bin"
    assert rows[0]["download_url"] is None  # held: nothing is served


def test_versions_have_pages(ask, make_key, two):
    key = make_key()
    first = ask(f"{BASE}?limit=1", key=key).json()
    second = ask(first["next"], key=key).json()
    assert [row["version"] for row in first["results"] + second["results"]] == [2, 1]
    assert second["next"] is None
    assert ask(second["previous"], key=key).json()["results"] == first["results"]


def test_a_version_is_found_by_number_commit_and_its_first_letters(ask, make_key, two):
    key, commit = make_key(), two.versions.get(number=2).commit
    for name in ("2", commit, commit[:7]):
        shown = ask(f"{BASE}/{name}", key=key).json()
        assert (shown["version"], shown["revision"]) == (2, commit)
        assert {"decision", "config"} <= set(shown)


@pytest.mark.parametrize("name", ["3", "0", "abcdef", "f" * 40, "main", "1234567", "-1"])
def test_a_version_that_is_not_here_is_not_found(ask, make_key, two, name):
    for tail in ("", "/files", "/diff/1"):
        problem(ask(f"{BASE}/{name}{tail}", key=make_key()), 404, "not_found")


def test_letters_that_begin_several_commits_are_not_guessed(ask, make_key, make_model):
    model = make_model()
    VersionFactory(model=model, commit="aaaaaaa1" + "0" * 32, files={"x": b"1"})
    VersionFactory(model=model, commit="aaaaaaa2" + "0" * 32, files={"x": b"2"})
    problem(ask(f"{BASE}/aaaaaaa", key=make_key()), 400, "invalid_input")
    assert ask(f"{BASE}/aaaaaaa1", key=make_key()).status_code == 200


def test_files_have_pages_in_the_order_of_their_paths(ask, make_key, two):
    key = make_key()
    path, found = f"{BASE}/1/files?limit=3", []
    while path:
        page = ask(path, key=key).json()
        found += page["results"]
        path = page["next"]
    assert [file["path"] for file in found] == ["changed", "gone", "same", "w.bin"]
    assert all(file["stored"] and file["download_url"] for file in found)
    assert all(len(file["sha256"]) == 64 for file in found)


def test_a_file_whose_bytes_are_not_here_has_no_download_url(ask, make_key, two):
    ModelFile.objects.filter(path="gone").update(content=None)
    files = ask(f"{BASE}/1/files", key=make_key()).json()["results"]
    gone = next(file for file in files if file["path"] == "gone")
    assert (gone["stored"], gone["download_url"]) == (False, None)


def test_a_difference_names_what_came_went_and_changed(ask, make_key, two):
    shown = ask(f"{BASE}/1/diff/2", key=make_key()).json()
    assert [file["path"] for file in shown["added"]] == ["come"]
    assert [file["path"] for file in shown["removed"]] == ["gone"]
    (changed,) = shown["changed"]
    assert changed["path"] == "changed"
    assert (changed["before"]["size"], changed["after"]["size"]) == (3, 5)
    assert shown["unchanged"] == 2
    assert shown["counts"] == {"added": 1, "removed": 1, "changed": 1, "renamed": 0}
    same = ask(f"{BASE}/2/diff/2", key=make_key()).json()
    assert same["counts"] == dict.fromkeys(("added", "removed", "changed", "renamed"), 0)


def keep(version, **bodies):
    version.facts = {"texts": True}
    version.save(update_fields=["facts"])
    for kind, body in bodies.items():
        VersionText.objects.create(version=version, kind=kind, path=kind.upper(), body=body)


@pytest.fixture
def told(two):
    """The two versions with what their inspection found."""
    old, new = two.versions.order_by("number")
    keep(old, license="Free.\nFor all.\n", card="# One\n")
    keep(new, license="Free.\nFor friends.\n", card="# One\n", chat_template="{{ x }}")
    new.license_spdx, new.license_class = "LicenseRef-x", "restricted"
    new.config = {"context_length": 8192, "quantization": {"method": "awq"}}
    new.save()
    return two


def test_a_difference_tells_configuration_license_and_texts(ask, make_key, told):
    shown = ask(f"{BASE}/1/diff/2", key=make_key(role="curator")).json()
    assert {field["name"]: [field["before"], field["after"]] for field in shown["config"]} == {
        "context_length": [None, 8192],
        "quantization.method": [None, "awq"],
    }
    assert shown["license"] == [
        {"name": "spdx", "before": "Apache-2.0", "after": "LicenseRef-x"},
        {"name": "class", "before": "permissive", "after": "restricted"},
    ]
    texts = {text["kind"]: text for text in shown["texts"]}
    assert {kind: text["state"] for kind, text in texts.items()} == {
        "card": "same",
        "license": "changed",
        "chat_template": "added",
    }
    lines = [(line["kind"], line["text"]) for line in texts["license"]["lines"]]
    assert lines == [("same", "Free."), ("removed", "For all."), ("added", "For friends.")]
    assert shown["size_bytes"] == {"before": 12, "after": 14, "new": 6}


def test_lines_of_a_version_that_is_held_are_not_for_everybody(ask, make_key, told):
    texts = ask(f"{BASE}/1/diff/2", key=make_key()).json()["texts"]
    changed = next(text for text in texts if text["kind"] == "license")
    assert (changed["state"], changed["is_hidden"], changed["lines"]) == ("changed", True, [])
    told.versions.update(admission="admitted")
    texts = ask(f"{BASE}/1/diff/2", key=make_key()).json()["texts"]
    changed = next(text for text in texts if text["kind"] == "license")
    assert (changed["is_hidden"], len(changed["lines"])) == (False, 3)


def test_texts_that_nobody_kept_are_unknown_and_not_the_same(ask, make_key, two):
    texts = ask(f"{BASE}/1/diff/2", key=make_key()).json()["texts"]
    assert {text["state"] for text in texts} == {"unknown"}


@pytest.mark.parametrize("count", [1, 10])
def test_a_difference_takes_the_same_queries_whatever_its_length(
    ask, make_key, make_model, django_assert_max_num_queries, count
):
    model = make_model(files={f"f{n}": b"x" for n in range(count)})
    VersionFactory(model=model, files={f"g{n}": b"y%d" % n for n in range(count)})
    for version in model.versions.all():
        keep(version, card="x" * version.number, license=str(version.number))
    key = make_key()
    ask(f"{BASE}/1/diff/2", key=key)
    with django_assert_max_num_queries(7):
        ask(f"{BASE}/1/diff/2", key=key)


def test_long_lists_of_changes_are_cut_and_counted(ask, make_key, two, monkeypatch):
    monkeypatch.setattr(differences, "MAX_CHANGES", 0)
    shown = ask(f"{BASE}/1/diff/2", key=make_key()).json()
    assert (shown["added"], shown["counts"]["added"]) == ([], 1)


def test_files_that_cannot_be_compared_count_as_changed(ask, make_key, two):
    ModelFile.objects.filter(path="same").update(content=None)
    with connection.cursor() as cursor:  # as a source that publishes no hash
        guard = "ALTER TABLE registry_modelfile {} TRIGGER pinned_files_are_immutable"
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a pending one would forbid ALTER TABLE
        cursor.execute(guard.format("DISABLE"))
        cursor.execute("UPDATE registry_modelfile SET sha256='', git_oid='' WHERE path = 'same'")
        cursor.execute(guard.format("ENABLE"))
    shown = ask(f"{BASE}/1/diff/2", key=make_key()).json()
    assert [file["path"] for file in shown["changed"]] == ["changed", "same"]


@pytest.mark.parametrize("tail", ["", "/2", "/2/files", "/1/diff/2"])
def test_versions_of_a_hidden_model_are_hidden(ask, make_key, make_model, tail):
    make_model(tier="professional")
    problem(ask(BASE + tail, key=make_key(tier="standard")), 404, "not_found")


@pytest.mark.parametrize("count", [1, 10])
@pytest.mark.parametrize("path", [BASE, f"{BASE}/1/files"])
def test_lists_take_the_same_queries_whatever_their_length(
    ask, make_key, make_model, django_assert_max_num_queries, count, path
):
    model = make_model(files={f"f{n}": b"x" for n in range(count)})
    for _ in range(count - 1):
        VersionFactory(model=model, files={"x": b"1"})
    key = make_key()
    ask(path, key=key)
    with django_assert_max_num_queries(4):
        ask(path, key=key)
