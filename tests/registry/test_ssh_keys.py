"""Public keys of Ollama: one way to write them, and no signature but the right one."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from core.errors import InvalidInputError
from registry.ssh_keys import read_blob, read_public_key

PRIVATE = ed25519.Ed25519PrivateKey.generate()


def line_of(private):
    return (
        private.public_key()
        .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        .decode()
    )


def test_a_line_is_read_whatever_comment_it_has():
    line = line_of(PRIVATE)
    for text in (line, f"  {line} somebody@somewhere \n", f"{line}\tx"):
        assert read_public_key(text).text == line
    assert read_blob(line.split()[1]) == read_public_key(line)


def test_only_the_other_half_signs():
    key, other = read_public_key(line_of(PRIVATE)), ed25519.Ed25519PrivateKey.generate()
    assert key.signed(b"message", PRIVATE.sign(b"message"))
    assert not key.signed(b"massage", PRIVATE.sign(b"message"))
    assert not key.signed(b"message", other.sign(b"message"))
    assert not key.signed(b"message", b"short")


def test_the_digest_is_that_of_no_text_a_request_can_send():
    """A header holds neither NUL nor the bytes of the key."""
    key = read_public_key(line_of(PRIVATE))
    assert len(key.digest) == 64
    assert key.digest != read_public_key(line_of(ed25519.Ed25519PrivateKey.generate())).digest


WRONG = [
    "",
    "ssh-ed25519",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ",
    "ssh-ed25519 ????",
    "ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + b"x" * 31).decode(),
    "ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + b"x" * 33).decode(),
    line_of(ec.generate_private_key(ec.SECP256R1())),
]


@pytest.mark.parametrize("text", WRONG)
def test_any_other_text_is_refused(text):
    with pytest.raises(InvalidInputError) as raised:
        read_public_key(text)
    assert raised.value.details["field"] == "public_key"
