"""No discussions are told, but where the empty list would send the name of a model away."""

from __future__ import annotations

import pytest
from huggingface_hub import errors
from transformers import safetensors_conversion as conversion

from registry.models import ModelFile
from tests.factories.registry import VersionFactory
from tests.hub.conftest import make_version
from tests.hub.test_client import api, endpoint

__all__ = ["api", "endpoint"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hub_client")]
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


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("path", "sent"), [(WEIGHTS, []), ("model.gguf", ["named"])])
def test_the_real_client_sends_the_name_to_nobody_where_it_would(
    api, store, monkeypatch, path, sent
):
    """A model without any such weights shows that the client would, were it to ask for them."""
    version = make_version(store, files={path: b"weights"})
    told = []
    monkeypatch.setattr(conversion, "get_repo_discussions", api.get_repo_discussions)
    monkeypatch.setattr(conversion, "spawn_conversion", lambda *_: told.append("named"))
    with pytest.raises((errors.HfHubHTTPError, OSError)):
        conversion.get_conversion_pr_reference(api, version.model.repo_id, token=None)
    assert told == sent
