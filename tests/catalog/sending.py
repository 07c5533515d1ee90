"""A person who sends a private model by tus."""

from __future__ import annotations

import base64
import json

import pytest

from tests.standins.repos import TINY_CONFIG, tiny_safetensors

PIECE = "application/offset+octet-stream"
FILES = {
    "README.md": b"---\nlicense: mit\n---\nA model.\n",
    "config.json": json.dumps(TINY_CONFIG).encode(),
    "model.safetensors": tiny_safetensors({"w": ("F32", [2])}),
}


@pytest.fixture
def sender(yard, make_key):
    return make_key(role="viewer", tier="professional")


@pytest.fixture
def tus(client, sender):
    """Speak tus as the sender does, or as somebody else."""

    def speak(method, path, data=b"", *, key=sender, kind=PIECE, version="1.0.0", **headers):
        said = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        said |= {"Authorization": f"Bearer {key.token}"} | (
            {"Tus-Resumable": version} if version else {}
        )
        typed = {"CONTENT_TYPE": kind} if kind else {}  # the client leaves it out of empty bodies
        return client.generic(method, path, data, content_type=kind, headers=said, **typed)

    return speak


@pytest.fixture
def begun(ask, sender):
    answer = ask("/api/v1/uploads", key=sender, method="POST", body={"name": "mine"})
    assert answer.status_code == 201, answer.content
    return answer.json()


def told(**values):
    pairs = (f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())
    return ",".join(pairs)


def announce(tus, begun, path, length, **more):
    metadata = told(filename=path, **more)
    return tus("POST", begun["files_url"], kind="", Upload_Length=length, Upload_Metadata=metadata)


def send(tus, begun, path, data, **more):
    answer = announce(tus, begun, path, len(data), **more)
    assert answer.status_code == 201, answer.content
    sent = tus("PATCH", answer["Location"], data, Upload_Offset=0)
    assert (sent.status_code, sent["Upload-Offset"]) == (204, str(len(data))), sent.content
    return answer["Location"]


def finish(ask, sender, begun):
    return ask(f"/api/v1/uploads/{begun['id']}/finish", key=sender, method="POST")
