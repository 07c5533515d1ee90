"""What is held back is hidden alike wherever a version is told, and each place says why."""

from __future__ import annotations

import orjson
import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from catalog.services.bundle_papers import collect
from catalog.services.dry_run import dry_run
from registry.models import AuditEvent, User
from tests.factories.registry import UserFactory
from tests.scanning.twin_files import pytorch, safe
from tests.standins.repos import TINY_CONFIG

NAME, SLUG = "acme/pair", "acme--pair"
CARD = "---\nlicense: mit\npipeline_tag: text-generation\n---\nTwo of each.\n"
BAD = "pytorch_model.bin"
SERVED = ["README.md", "config.json", "model.safetensors"]


@pytest.fixture
def pair(yard):
    """A repository with the same weights twice; the pickle also runs a command."""

    def make(weights):
        files = {"README.md": CARD, "config.json": TINY_CONFIG, "model.safetensors": safe()}
        yard.upstream.repos.repo(NAME, {**files, BAD: weights})
        yard.upstream.reload()
        return yard

    return make


@pytest.fixture
def version(pair):
    return pair(pytorch(evil=True)).admit(NAME)


@pytest.fixture
def curator(client, version):
    user = UserFactory(tier="professional")
    user.groups.add(Group.objects.get_or_create(name="curator")[0])
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_rest_lists_it_with_the_reason_and_without_an_address(version, ask, make_key):
    key = make_key()
    url = f"/api/v1/models/{SLUG}/versions/1"
    rows = {row["path"]: row for row in ask(f"{url}/files", key=key).json()["results"]}
    assert rows[BAD]["held_back"].endswith("The same weights are in model.safetensors.")
    assert (rows[BAD]["download_url"], rows[BAD]["stored"]) == (None, True)
    assert [rows[path]["held_back"] for path in SERVED] == [None] * 3
    told = ask(url, key=key).json()
    assert (told["file_count"], told["held_back"], told["held_whole"]) == (3, 1, None)
    assert (told["status"], told["scan"]) == ("admitted", "clean")
    issues = ask(
        "/model-info/scan", key=key, method="POST", body={"model_uri": f"{NAME}@{version.commit}"}
    ).json()
    assert issues["verdict"] == "clean"
    assert [one for one in issues["issues"] if one["description"].endswith("It is held back.")]


def test_rest_tells_each_file_and_each_finding(version, ask, make_key):
    told = ask(f"/api/v1/models/{SLUG}/versions/1/scan", key=make_key()).json()
    assert (told["object"], told["verdict"]) == ("version_scan", "clean")
    files = {row["path"]: row for row in told["results"]}
    assert {path: files[path]["verdict"] for path in files} == {
        BAD: "unsafe", **dict.fromkeys(SERVED, "clean"),
    }  # fmt: skip
    assert files[BAD]["held_back"]
    found = next(one for one in files[BAD]["findings"] if one["source"] == "pickle_ops")
    assert set(found) == {
        *("rule", "title", "severity", "description", "source"),
        *("file", "location", "evidence", "reference", "waiver"),
    }
    assert (found["severity"], found["file"]) in {("critical", BAD), ("high", BAD)}
    assert found["title"] not in {"", found["rule"]}
    assert found["reference"].startswith("https://")
    assert files[BAD]["consensus"]["pickle_ops"] == "unsafe"
    assert files[BAD]["coverage"]["pickle_ops"] == "full"


def test_a_curator_holds_the_whole_by_rest_and_takes_it_back(version, ask, make_key):
    url, key = f"/api/v1/models/{SLUG}/versions/1/whole", make_key(role="curator")
    assert ask(url, key=make_key(), method="PUT", body={"reason": "x"}).status_code == 403
    held = ask(url, key=key, method="PUT", body={"reason": "All or nothing."})
    assert (held.status_code, held.json()["status"]) == (200, "held")
    assert held.json()["held_whole"] == "All or nothing."
    again = ask(f"{url}?reason=Enough", key=key, method="DELETE")
    assert (again.json()["status"], again.json()["held_whole"]) == ("admitted", None)
    assert ask(f"{url}?reason=x", key=key, method="DELETE").status_code == 409


def test_pages_say_what_is_held_back_and_let_curators_hold_all(version, curator):
    page = curator.get(f"/models/{SLUG}/files/").content.decode()
    assert "The same weights are in model.safetensors." in page
    assert f"/resolve/{version.commit}/model.safetensors" in page
    assert f"/resolve/{version.commit}/{BAD}" not in page
    curator.post(f"/models/{SLUG}/versions/1/whole/", {"reason": "All or nothing."})
    page = curator.get(f"/models/{SLUG}/scan/").content.decode()
    assert "A curator holds the whole version meanwhile: All or nothing." in page
    curator.post(f"/models/{SLUG}/versions/1/whole/release/", {"reason": "Enough."})
    version.refresh_from_db()
    assert (version.admission, version.held_whole) == ("admitted", "")
    User.objects.get(groups__name="curator").groups.clear()
    assert "Hold the whole" not in curator.get(f"/models/{SLUG}/files/").content.decode()
    refused = curator.post(f"/models/{SLUG}/versions/1/whole/", {"reason": "x"})
    assert refused.status_code == 403


def test_a_bundle_is_without_it_and_says_so(version):
    made = collect([version], made_at=timezone.now())
    paper = orjson.loads(made.documents["versions/0001/version.json"])
    files = {file["path"]: file for file in paper["files"]}
    assert files[BAD]["left_out"] == "held back by the yard that sent it"
    assert [files[path]["left_out"] for path in SERVED] == [""] * 3
    contents = {member.sha256 for member in made.manifest.members if member.path[:8] == "contents"}
    assert contents == {files[path]["sha256"] for path in SERVED}


def test_what_the_source_warns_of_is_held_back_and_not_fetched(pair):
    yard = pair(pytorch())
    yard.upstream.change(NAME, security={BAD: "unsafe"})
    assert dry_run(caller=yard.person(), text=NAME).decision.lowest_tier == "lite"
    version = yard.admit(NAME)
    held = version.files.get(path=BAD)
    assert held.held_back.startswith("Unsafe: its source says unsafe. The same weights")
    assert (held.content, version.file_count) == (None, 3)
    yard.upstream.change(NAME, security={BAD: "safe"})
    yard.bring(NAME, force=True)
    version.refresh_from_db()
    assert (version.admission, version.file_count) == ("admitted", 4)
    assert version.files.get(path=BAD).content is not None
    given = AuditEvent.objects.filter(action="version.hold_back").values_list("details", flat=True)
    assert [one["given_back"] for one in given] == [[BAD], []]
