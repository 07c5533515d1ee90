from __future__ import annotations

import base64
import hashlib
import time
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from registry.configs.llm import LlmConfig
from tests.factories.registry import VersionFactory

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content']"
    " + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% endif %}"
)
FILES = {
    "tiny-Q4_K_M.gguf": b"GGUF of four bits" * 100,
    "tiny-Q8_0.gguf": b"GGUF of eight bits" * 100,
    "LICENSE": b"Do as you like.\n",
    "README.md": b"# Tiny\n",
}
EMPTY = base64.b64encode(hashlib.sha256(b"").hexdigest().encode()).decode()


def config(**values):
    """What is known of a small GGUF model."""
    values = {"tokenizer": {"chat_template": CHATML}, "family": "llama", **values}
    return LlmConfig(num_params=134_515_008, **values).model_dump(mode="json")


def make_gguf(store, *, files=FILES, told=None, **values):
    return VersionFactory(
        files=files, store=store, model_type="llm", config=told or config(), **values
    )


@pytest.fixture(autouse=True)
def bytes_host(settings):
    settings.BYTES_HOST = "bytes.example.org"
    settings.BYTES_SIGNED_FOR = 3600
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "bytes.example.org"]


@pytest.fixture
def tiny(db, store):
    return make_gguf(store)


@pytest.fixture
def ask_v2(client):
    """Send a request under `/v2`; `key` None means without a token."""

    def send(path, *, key=None, method="GET", **headers):
        if key is not None:
            headers["Authorization"] = f"Bearer {key.token}"
        return client.generic(method, f"/v2{path}", headers=headers)

    return send


class OllamaKey:
    """The key of one Ollama, with which it signs as its `auth.go` does."""

    def __init__(self) -> None:
        self.private = ed25519.Ed25519PrivateKey.generate()
        formats = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        self.line = self.private.public_key().public_bytes(*formats).decode()

    def sign(self, address: str) -> str:
        message = f"GET,{address},{EMPTY}".encode()
        signature = base64.b64encode(self.private.sign(message)).decode()
        return f"{self.line.split()[1]}:{signature}"


def realm_query(challenge: str, *, nonce: str, ts: float | None = None) -> tuple[str, str]:
    """Read a challenge and write the query as Go does: by the order of the names."""
    told = dict(part.split("=", 1) for part in challenge.removeprefix("Bearer ").split('",'))
    told = {name: value.strip('"') for name, value in told.items()}
    values = {
        "nonce": nonce,
        "scope": told.get("scope", ""),
        "service": told["service"],
        "ts": str(int(time.time() if ts is None else ts)),
    }
    return told["realm"], urlencode(values)
