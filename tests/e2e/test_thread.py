"""The main job on real parts: asked for by key, inspected, decided, pulled by real clients."""

from __future__ import annotations

from importlib.util import find_spec
from typing import NamedTuple

import httpx2
import pytest

from tests.e2e.models import digests
from tests.e2e.yard import files_of
from tests.standins.repos import EICAR, MINILM, TWIN

STEPS = ["resolve", "inspect", "license", "outlook", "fetch", "verify", "scan", "decide"]
SLUG = "sentence-transformers--all-minilm-l6-v2"


@pytest.fixture(scope="module")
def minilm(yard, lena, cora):
    """The real model, asked for by a script that waits as long as the yard lets it.

    Another module may have had this yard bring it in: then its record is told at once.
    """
    given = {"provider_type": "hugging_face", "model_uri": MINILM}
    wait = {"Prefer": "wait=60"}
    with yard.api(lena) as client:
        answer = client.post("/model-info/extract", json=given, headers=wait)
        is_first = answer.json()["workflow_id"] is not None
        if not is_first:
            given["force"] = True
            answer = client.post("/model-info/extract", json=given, headers=wait)
    assert answer.status_code in (200, 202), answer.text
    assert answer.headers["Preference-Applied"] == "wait=60"
    if not is_first:
        return yard.follow(cora, yard.first_workflow(MINILM))
    return yard.follow(lena, answer.headers["Location"].rpartition("/")[2])


@pytest.fixture(scope="module")
def original(upstream):
    return files_of(upstream.folder(MINILM))


def test_every_step_is_done_and_the_model_is_admitted_for_lite(yard, lena, minilm):
    assert minilm["state"] == "done", minilm
    assert [(step["name"], step["state"]) for step in minilm["steps"]] == [
        (name, "done") for name in STEPS
    ]
    with yard.api(lena) as client:
        model = client.get(f"/api/v1/models/{SLUG}").raise_for_status().json()
    assert (model["status"], model["scan"], model["tier"]) == ("admitted", "clean", "lite")
    assert (model["license"], model["type"]) == ("Apache-2.0", "embedding")


def test_asked_again_it_is_answered_at_once(yard, lena, minilm):
    with yard.api(lena) as client:
        commit = client.get(f"/api/v1/models/{SLUG}").json()["revision"]
        given = {"provider_type": "hugging_face", "model_uri": MINILM, "revision": commit}
        answer = client.post("/model-info/extract", json=given)
    assert answer.status_code == 200, answer.text
    assert answer.json()["workflow_id"] is None
    assert answer.json()["local_path"] == f"models/{SLUG}/{commit}"


def test_every_engine_that_covers_a_file_looked_at_it(yard, cora, minilm):
    with yard.api(cora) as client:
        version = client.get(f"/api/v1/models/{SLUG}/versions/1").raise_for_status().json()
    evidence = yard.rows(
        "select g.evidence from registry_gateresult g join registry_modelversion v"
        " on v.id = g.version_id where v.commit = %s and g.gate = 'malware'",
        version["revision"],
    )[0][0]
    engines = {name.split()[0] for name in evidence["engines"]}
    assert engines >= {"plain_files", "safetensors_header"}
    assert ("clamav" in engines) == yard.has_clamd


def test_aria2_brought_the_weights_where_there_is_one(yard, minilm, upstream, original):
    log = httpx2.get(f"{upstream.url}/__standin__/log", timeout=60).json()
    weights = digests(original)["model.safetensors"]
    moved = [entry for entry in log if entry["srv"] == "cdn" and weights in entry["path"]]
    moved = [entry for entry in moved if entry["sent"] > 8 << 20]
    assert moved
    agents = {entry["headers"].get("User-Agent", "").split("/")[0] for entry in moved}
    assert agents == {"aria2" if yard.has_aria2 else "modelyard"}
    assert not [entry for entry in moved if "Authorization" in entry["headers"]]


def test_a_snapshot_is_byte_for_byte_the_original(yard, lena, minilm, original, tmp_path):
    pulled = yard.pull(lena, tmp_path, MINILM)
    assert digests(pulled) == digests(original)


def test_one_file_is_byte_for_byte_the_original(yard, lena, minilm, original, tmp_path):
    done = yard.client(lena, tmp_path, "file", MINILM, "config.json")
    assert done.returncode == 0, done.stderr
    with open(done.stdout.strip(), "rb") as file:  # noqa: PTH123 the path as the client gave it
        assert file.read() == original["config.json"]


def test_transformers_reads_configuration_and_tokenizer(yard, lena, minilm, upstream, tmp_path):
    from_yard = yard.client(lena, tmp_path, "load", MINILM)
    assert from_yard.returncode == 0, from_yard.stderr
    assert from_yard.stdout.startswith("bert 384 101 ")
    from_folder = yard.client(lena, tmp_path, "load", str(upstream.folder(MINILM)))
    assert from_yard.stdout == from_folder.stdout


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed here")
def test_the_model_from_the_yard_embeds_as_the_original_does(
    yard, lena, minilm, upstream, tmp_path
):
    done = yard.client(lena, tmp_path, "embed", MINILM, str(upstream.folder(MINILM)))
    assert done.returncode == 0, done.stderr
    shape, length, difference = done.stdout.rsplit(maxsplit=2)
    assert shape == "(2, 384)"
    assert float(length) > 1
    assert float(difference) == 0.0


class Harm(NamedTuple):
    """A harmful model: the file that is to be named and what is to be said of it."""

    repo_id: str
    path: str
    words: str


HARMFUL = [
    pytest.param(Harm(TWIN, "pytorch_model.bin", "system"), id="pickle that calls os.system"),
    pytest.param(Harm(EICAR, "tool.txt", "Eicar"), id="EICAR test file"),
]


@pytest.fixture(params=HARMFUL)
def harm(request, yard):
    if request.param.repo_id == EICAR and not yard.has_clamd:
        pytest.skip("clamd is not installed here, and nothing else knows EICAR")
    return request.param


def test_a_harmful_file_ends_held_and_the_api_says_why(yard, cora, harm):
    slug = yard.slug_of(cora, harm.repo_id)
    with yard.api(cora) as client:
        model = client.get(f"/api/v1/models/{slug}").raise_for_status().json()
        version = client.get(f"/api/v1/models/{slug}/versions/1").raise_for_status().json()
        named = f"{harm.repo_id}@{model['revision']}"
        scan = client.post("/model-info/scan", json={"model_uri": named}).json()
        file = client.get(f"/hf/{harm.repo_id}/resolve/{model['revision']}/{harm.path}")
    assert (model["status"], model["scan"], model["download_url"]) == ("held", "unsafe", None)
    assert harm.path in str(version["decision"])
    assert harm.words in str(version["decision"])
    assert scan["verdict"] == "unsafe"
    assert harm.path in str(scan["issues"])
    assert file.status_code == 403
    assert harm.words in file.headers["X-Error-Message"]


def test_a_harmful_file_is_refused_to_the_real_client_with_why(yard, cora, harm, tmp_path):
    slug = yard.slug_of(cora, harm.repo_id)
    for action in (["snapshot", harm.repo_id], ["file", harm.repo_id, harm.path]):
        done = yard.client(cora, tmp_path, *action)
        assert done.returncode == 3, done.stderr
        assert done.stdout.startswith("GatedRepoError")
        assert harm.path in done.stdout
        assert harm.words in done.stdout
        assert f"{yard.base}/models/{slug}/" in done.stdout


def test_who_asks_from_a_lower_tier_is_told_too(yard, lena, cora, tmp_path):
    yard.slug_of(cora, TWIN)
    hidden = yard.client(lena, tmp_path, "snapshot", TWIN)
    assert hidden.returncode == 3
    assert hidden.stdout.startswith("RepositoryNotFoundError")
    assert yard.bring(lena, TWIN)["state"] == "done"
    told = yard.client(lena, tmp_path, "snapshot", TWIN)
    assert told.returncode == 3
    assert told.stdout.startswith("GatedRepoError"), told.stdout
