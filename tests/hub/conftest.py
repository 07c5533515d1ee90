from __future__ import annotations

import huggingface_hub as hf
import pytest
from huggingface_hub.utils._http import default_client_factory

from core.storage import FileContentStore
from core.storage.configured import content_store
from tests.factories.registry import ApiKeyFactory, VersionFactory

FILES = {
    "config.json": b'{"model_type": "bert"}',
    "README.md": b"---\nlicense: apache-2.0\n---\n# A model\n",
    "onnx/model.onnx": b"onnx",
    "weights/deep/part 1+#%.bin": b"part",
    "weights/\u00fcber.txt": b"umlaut",
    "empty.txt": b"",
    "model.safetensors": bytes(range(256)) * 40,
}


@pytest.fixture
def store(settings, tmp_path):
    """The content store of the yard, in a folder of this test."""
    settings.STORE_DIR = tmp_path / "store"
    content_store.cache_clear()
    store = content_store()
    store.prepare()
    yield store
    content_store.cache_clear()


@pytest.fixture
def version(db, store: FileContentStore):
    return make_version(store)


def make_version(store, *, files=FILES, **values):
    return VersionFactory(files=files, store=store, lfs={"model.safetensors"}, **values)


@pytest.fixture
def key(db):
    return ApiKeyFactory(user__tier="professional")


@pytest.fixture
def lite_key(db):
    return ApiKeyFactory(user__tier="lite")


@pytest.fixture
def hub_client():
    """The real client as people have it.

    Earlier tests may have left the client of the yard's own upstream in the library. Each test
    closes its own: a kept connection keeps a thread of the server, which keeps the database.
    """
    hf.set_client_factory(default_client_factory)
    yield
    hf.close_session()


@pytest.fixture
def ask(client):
    """Send a request as a Hub client does; `key` None means without a token."""

    def send(path, *, key, method="GET", **headers):
        if key is not None:
            headers["Authorization"] = f"Bearer {key.token}"
        return client.generic(method, f"/hf{path}", headers=headers)

    return send
