"""No discussions are told, but where the empty list would send the name of a model away."""

from __future__ import annotations

import pytest

from registry.models import ModelFile
from tests.factories.registry import VersionFactory
from tests.hub.conftest import make_version

pytestmark = pytest.mark.django_db
EMPTY = {"discussions": [], "count": 0, "start": 0}
WEIGHTS, SAFE = "pytorch_model.bin", "model.safetensors"
SHARDED = "pytorch_model.bin.index.json"
SAFE_SHARDED = "model.safetensors.index.json"


@pytest.mark.parametrize(
    ("paths", "refused"),
    [
        ([SAFE], False),
        ([WEIGHTS, SAFE], False),
        ([SHARDED, SAFE_SHARDED], False),
        (["model.gguf"], False),
        (["text_encoder/pytorch_model.bin"], False),  # clients convert no folder
        ([WEIGHTS], True),
        ([SHARDED], True),
        ([WEIGHTS, SAFE_SHARDED], True),  # who insists on .bin looks for the one file beside it
        ([SHARDED, SAFE], True),
        ([WEIGHTS, "sub/model.safetensors"], True),
    ],
)
def test_the_empty_list_is_kept_from_whom_it_would_make_convert(ask, key, store, paths, refused):
    version = make_version(store, files=dict.fromkeys(paths, b"weights"))
    response = ask(f"/api/models/{version.model.repo_id}/discussions?p=0", key=key)
    if refused:
        assert (response.status_code, response["X-Error-Code"]) == (501, "NotImplemented")
        assert "conversion service" in response["X-Error-Message"]
    else:
        assert response.json() == EMPTY


def test_an_older_version_may_be_the_one_that_was_loaded(ask, key, store):
    old = make_version(store, files={WEIGHTS: b"1"})
    make_version(store, model=old.model, files={SAFE: b"2"})
    path = f"/api/models/{old.model.repo_id}/discussions"
    assert ask(path, key=key).status_code == 501
    old.admission = "withdrawn"
    old.save()
    assert ask(path, key=key).json() == EMPTY


def test_what_is_held_back_is_loaded_by_nobody(ask, key, store):
    version = make_version(store, files={WEIGHTS: b"1", SAFE: b"2"})
    path = f"/api/models/{version.model.repo_id}/discussions"
    ModelFile.objects.filter(path=SAFE).update(held_back="Unsafe.")
    assert ask(path, key=key).status_code == 501
    ModelFile.objects.filter(path=WEIGHTS).update(held_back="Unsafe.")
    assert ask(path, key=key).json() == EMPTY


def test_discussions_go_by_the_one_door(ask, lite_key):
    version = VersionFactory(model__tier="professional")
    response = ask(f"/api/models/{version.model.repo_id}/discussions", key=lite_key)
    assert (response.status_code, response["X-Error-Code"]) == (404, "RepoNotFound")
