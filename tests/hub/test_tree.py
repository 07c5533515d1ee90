"""Trees and paths: levels, pages, what each file is said to be, and what a large version costs."""

from __future__ import annotations

import hashlib
import json
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.utils import timezone
from huggingface_hub.hf_api import RepoFile, RepoFolder

from core.storage import content_key
from hub.directories import directories_of
from registry.models import Content, ModelFile, ModelVersion
from registry.services.heads import refresh_head
from tests.factories.registry import VersionFactory
from tests.hub.conftest import FILES, make_version
from tests.scanning.reporting import finding, report

pytestmark = pytest.mark.django_db


def test_one_level_of_a_tree(ask, key, version):
    path = f"/api/models/{version.model.repo_id}/tree/main"
    entries = ask(path, key=key).json()
    assert [(e["type"], e["path"]) for e in entries] == [
        ("directory", "onnx"),
        ("directory", "weights"),
        ("file", "README.md"),
        ("file", "config.json"),
        ("file", "empty.txt"),
        ("file", "model.safetensors"),
    ]
    below = ask(f"{path}/weights", key=key).json()
    assert [e["path"] for e in below] == ["weights/deep", "weights/\u00fcber.txt"]
    assert ask(f"{path}/weights/deep/", key=key).json()[0]["path"] == "weights/deep/part 1+#%.bin"


def test_a_tree_of_no_directory_is_an_entry_not_found(ask, key, version):
    for path in ("nothing", "config.json"):
        response = ask(f"/api/models/{version.model.repo_id}/tree/main/{path}", key=key)
        assert (response.status_code, response["X-Error-Code"]) == (404, "EntryNotFound")
        assert response["X-Repo-Commit"] == version.commit


def test_tree_pages_follow_links_to_our_host_and_prefix(ask, key, version):
    address = f"/api/models/{version.model.repo_id}/tree/refs%2Fheads%2Fmain?recursive=True&limit=4"
    paths, pages = [], 0
    while address:
        response = ask(address, key=key)
        paths += [entry["path"] for entry in response.json()]
        pages += 1
        link = response.get("Link", "")
        assert not link or link.startswith("<http://testserver/hf/api/models/")
        address = link.partition("/hf")[2].partition(">")[0]
    assert pages == 3
    assert paths == ["onnx", "weights", "weights/deep", *sorted(FILES)]


def test_pages_behind_a_front_that_ends_tls_are_linked_as_https(ask, key, version, settings):
    settings.PUBLIC_URL = "https://hub.example"
    settings.ALLOWED_HOSTS = ["hub.example"]
    path = f"/api/models/{version.model.repo_id}/tree/main?limit=1"
    answer = ask(path, key=key, Host="hub.example", X_Forwarded_Proto="http")
    assert answer["Link"].startswith("<https://hub.example/hf/api/models/")


def test_expanded_files_say_what_the_engines_said_of_each(ask, key, store):
    version = make_version(store, files={"good.bin": b"1", "odd.bin": b"2", "new.bin": b"3"})
    good, odd = (version.files.get(path=path) for path in ("good.bin", "odd.bin"))
    report(good, "clamav")
    report(good, "pickle_ops")
    report(odd, "pickle_ops", finding(severity="medium"))
    report(odd, "picklescan")
    path = f"/api/models/{version.model.repo_id}/tree/main"
    entries = ask(f"{path}?expand=true", key=key).json()
    said = {entry["path"]: RepoFile(**entry).security for entry in entries}
    assert {path: one.status for path, one in said.items()} == {
        "good.bin": "safe",
        "odd.bin": "suspicious",
        "new.bin": "unscanned",
    }
    assert said["good.bin"].safe
    assert said["good.bin"].av_scan == {"status": "safe"}
    assert said["good.bin"].pickle_import_scan == {"status": "safe"}
    assert said["odd.bin"].av_scan == {"status": "unscanned"}
    assert said["odd.bin"].pickle_import_scan == {"status": "suspicious"}
    plain = ask(path, key=key).json()
    assert not any("securityFileStatus" in entry for entry in plain)


@pytest.mark.parametrize("kind", ["form", "json"])
def test_paths_info_leaves_out_what_is_not_there(client, key, version, kind):
    paths = ["config.json", "weights", "nothing", "../etc", "a\0b", "weights/\u00fcber.txt"]
    body = {"data": {"paths": paths, "expand": "true"}}
    if kind == "json":
        body = {
            "data": json.dumps({"paths": paths, "expand": True}),
            "content_type": "application/json",
        }
    else:
        encoded = urlencode([("paths", p) for p in paths] + [("expand", "True")])
        body = {"data": encoded, "content_type": "application/x-www-form-urlencoded"}
    response = client.post(
        f"/hf/api/models/{version.model.repo_id}/paths-info/main",
        headers={"Authorization": f"Bearer {key.token}"},
        **body,
    )
    assert [e["path"] for e in response.json()] == [
        "config.json",
        "weights",
        "weights/\u00fcber.txt",
    ]
    assert response.json()[0]["securityFileStatus"]["status"] == "unscanned"


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"paths": [1]}', b"[" * 100_000, b'{"paths": {"a": 1}}']
)
def test_a_damaged_question_is_a_bad_request(client, key, version, body):
    response = client.post(
        f"/hf/api/models/{version.model.repo_id}/paths-info/main",
        headers={"Authorization": f"Bearer {key.token}"},
        data=body,
        content_type="application/json",
    )
    assert response.status_code == 400
    assert response.json()["error"]


def test_a_lone_surrogate_names_no_path(client, key, version):
    response = client.post(
        f"/hf/api/models/{version.model.repo_id}/paths-info/main",
        headers={"Authorization": f"Bearer {key.token}"},
        data=b'{"paths": ["\\ud800", "config.json"]}',
        content_type="application/json",
    )
    assert [entry["path"] for entry in response.json()] == ["config.json"]


def pages(ask, key, address):
    """Every page of a list, each parsed as the client parses it."""
    found = []
    while address:
        response = ask(address, key=key)
        assert response.status_code == 200
        found.append(
            [
                RepoFile(**entry) if entry["type"] == "file" else RepoFolder(**entry)
                for entry in response.json()
            ]
        )
        address = response.get("Link", "").partition("/hf")[2].partition(">")[0]
    return found


@pytest.mark.parametrize("limit", [1, 2, 5])
@pytest.mark.parametrize("path", ["", "/weights"])
@pytest.mark.parametrize("recursive", ["true", "false"])
def test_pages_of_any_size_hold_the_same_entries_once(ask, key, version, limit, path, recursive):
    address = f"/api/models/{version.model.repo_id}/tree/main{path}?recursive={recursive}"
    (whole,) = pages(ask, key, address)
    parts = pages(ask, key, f"{address}&limit={limit}")
    assert [one.path for part in parts for one in part] == [one.path for one in whole]
    assert all(len(part) == limit for part in parts[:-1])
    assert 0 < len(parts[-1]) <= limit


def large_version(count: int) -> ModelVersion:
    """An admitted version with files in folders of a thousand, all of one content."""
    sha256 = hashlib.sha256(b"{}").hexdigest()
    content = Content.objects.create(sha256=sha256, size=2, storage_key=content_key(sha256))
    version = VersionFactory(admission="pending")
    ModelVersion.objects.filter(pk=version.pk).delete()
    version.pinned_at = None
    version.save(force_insert=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO registry_modelfile (version_id, path, size, git_oid, sha256, is_lfs,"
            " content_id) SELECT %s, 'd' || n / 1000 || '/f' || n, 2, '', %s, false, %s"
            " FROM generate_series(1, %s) AS n",
            [version.pk, sha256, content.pk, count],
        )
    version.file_count, version.size_bytes = count, 2 * count
    version.pinned_at, version.admission = timezone.now(), "admitted"
    version.save()
    refresh_head(version.model)
    return version


def test_a_page_of_many_files_loads_that_page(ask, key):
    version = large_version(5000)
    loaded = []

    def count(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if 'FROM "registry_modelfile"' in sql:
            loaded.append(context["cursor"].rowcount)
        return result

    address = f"/api/models/{version.model.repo_id}/tree/main?recursive=true"
    first, *_ = everything = pages(ask, key, address)
    assert [len(page) for page in everything] == [1000] * 5 + [6]
    assert len({one.path for page in everything for one in page}) == 5006
    assert [one.path for one in first[:6]] == [f"d{n}" for n in range(6)]
    ask("/api/whoami-v2", key=key)
    with connection.execute_wrapper(count):
        pages(ask, key, address)
    assert max(loaded) == 1001
    assert sum(loaded) <= 6 * 1001 + 1  # and one row that says which files are served


def test_expanded_pages_are_shorter(ask, key):
    version = large_version(51)
    address = f"/api/models/{version.model.repo_id}/tree/main/d0?expand=true&limit=1000"
    assert [len(page) for page in pages(ask, key, address)] == [50, 1]


def test_directories_follow_what_is_served(ask, key, version):
    path = "weights/deep/part 1+#%.bin"
    before = dict(directories_of(version))
    assert directories_of(version) is directories_of(version)
    ModelFile.objects.filter(version=version, path=path).update(held_back="Unsafe.")
    held = directories_of(version)
    assert "weights/deep" not in held
    assert held["weights"] != before["weights"]
    assert held["onnx"] == before["onnx"]
    ModelFile.objects.filter(version=version, path=path).update(held_back="")
    assert directories_of(version) == before
    ModelFile.objects.filter(version=version).update(content=None)
    assert directories_of(version) == {}
    assert ask(f"/api/models/{version.model.repo_id}/tree/main", key=key).json() == []
