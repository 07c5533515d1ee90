"""Headers of all shards in one answer: made of served files alone, and never of what they claim."""

from __future__ import annotations

import json

import pytest

from hub import metadata
from registry.models import ModelFile, Served
from tests.hub.conftest import make_version
from tests.hub.test_client import api, endpoint

__all__ = ["api", "endpoint"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hub_client")]
INDEX = "model.safetensors.index.json"


def shard(name: str, *, length: int | None = None) -> bytes:
    header = {name: {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
    text = json.dumps(header | {"__metadata__": {"format": "pt"}}).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + bytes(8)


def files(index: bytes | None = None) -> dict[str, bytes]:
    names = {"a": "1.safetensors", "b": "2.safetensors"}
    told = json.dumps({"metadata": {"total_size": 16}, "weight_map": names}).encode()
    index = told if index is None else index
    return {"1.safetensors": shard("a"), "2.safetensors": shard("b"), INDEX: index}


@pytest.fixture
def answer(ask, key, store):
    def get(held, path=INDEX):
        version = make_version(store, files=held)
        repo = version.model.repo_id
        return ask(f"/api/models/{repo}/safetensors-metadata/{path}", key=key)

    return get


@pytest.mark.django_db(transaction=True)
def test_the_real_client_reads_every_shard(api, store):
    version = make_version(store, files=files())
    told = api.get_sharded_safetensors_metadata(version.model.repo_id)
    assert told.metadata == {"total_size": 16}
    assert told.weight_map == {"a": "1.safetensors", "b": "2.safetensors"}
    assert told.parameter_count == {"F32": 4}


def test_shards_lie_beside_their_index(answer):
    held = {f"sub/{name}": data for name, data in files().items()}
    response = answer(held, f"sub/{INDEX}")
    assert set(response.json()["headers"]) == {"1.safetensors", "2.safetensors"}
    assert len(response["X-Repo-Commit"]) == 40


def test_what_is_told_of_shards_is_in_the_trail(ask, key, store):
    version = make_version(store, files=files())
    path = f"/api/models/{version.model.repo_id}/safetensors-metadata/{INDEX}"
    assert ask(path, key=key, method="HEAD").status_code == 200
    assert not Served.objects.exists()
    assert ask(path, key=key).status_code == 200
    size = len(shard("a")) - 8  # but for the tensor
    rows = Served.objects.order_by("path").values_list("path", "start", "length")
    assert list(rows) == [("1.safetensors", 0, size), ("2.safetensors", 0, size)]


def test_a_model_of_one_file_has_no_index(answer):
    response = answer({"model.safetensors": shard("a")})
    assert (response.status_code, response["X-Error-Code"]) == (404, "EntryNotFound")


def test_a_shard_that_is_held_back_is_not_there(ask, key, store):
    version = make_version(store, files=files())
    ModelFile.objects.filter(version=version, path="2.safetensors").update(held_back="Unsafe.")
    path = f"/api/models/{version.model.repo_id}/safetensors-metadata/{INDEX}"
    response = ask(path, key=key)
    assert (response.status_code, response["X-Error-Code"]) == (404, "EntryNotFound")
    assert "2.safetensors" in response["X-Error-Message"]


@pytest.mark.parametrize(
    "held",
    [
        files(b"{"),
        files(b"[]"),
        files(b'{"weight_map": []}'),
        files(b'{"weight_map": {"a": 1}}'),
        files(b'{"weight_map": {"a": "x\\u0000"}}'),
        files() | {"1.safetensors": b""},
        files() | {"1.safetensors": b"1234567"},
        files() | {"1.safetensors": shard("a", length=2**63)},
        files() | {"1.safetensors": shard("a", length=1000)},
        files() | {"1.safetensors": shard("a", length=0)},
        files() | {"1.safetensors": shard("a", length=12)},
        files() | {"1.safetensors": (2).to_bytes(8, "little") + b"[]"},
    ],
)
def test_what_is_no_index_or_no_header_is_said(answer, held):
    response = answer(held)
    assert (response.status_code, response["X-Error-Code"]) == (400, "BadRequest")


def test_a_shard_outside_of_the_folder_is_no_file_of_the_version(answer):
    for name in ("../1.safetensors", "/etc/passwd", "nothing"):
        index = json.dumps({"weight_map": {"a": name}}).encode()
        assert answer(files(index))["X-Error-Code"] == "EntryNotFound"


@pytest.mark.parametrize(
    ("limit", "most"), [("_MOST_INDEX", 10), ("_MOST_HEADER", 10), ("_MOST_HEADERS", 100)]
)
def test_answers_have_a_size(answer, monkeypatch, limit, most):
    assert answer(files()).status_code == 200
    monkeypatch.setattr(metadata, limit, most)
    assert answer(files()).status_code == 400


def test_an_index_names_so_many_shards(answer, monkeypatch):
    monkeypatch.setattr(metadata, "_MOST_SHARDS", 1)
    assert "more than 1 shards" in answer(files())["X-Error-Message"]
