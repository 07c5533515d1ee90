"""Public keys of the form `ssh-ed25519 AAAA...`, and what was signed with their other half.

An Ollama has such a key and no place for a token: it signs its requests instead.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final

from core.errors import InvalidInputError

KIND: Final = "ssh-ed25519"
_HEAD: Final = b"\0\0\0\x0b" + KIND.encode() + b"\0\0\0\x20"
_SIZE: Final = 32


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key by its 32 bytes; `text` is the one way to write it, without a comment."""

    raw: bytes

    @property
    def text(self) -> str:
        return f"{KIND} {base64.b64encode(_HEAD + self.raw).decode()}"

    @property
    def digest(self) -> str:
        """Name the key in a table of digests, where no text that a request can send has this one.

        A header holds no NUL, so the public text can never be taken for a token.
        """
        return hashlib.sha256(b"\0ollama\0" + self.raw).hexdigest()

    @property
    def fingerprint(self) -> str:
        """The first letters of what `ssh-keygen -l` shows behind `SHA256:`."""
        return base64.b64encode(hashlib.sha256(_HEAD + self.raw).digest()).decode()[:12]

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the other half of this key signed the message."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 heavy, seldom needed
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
            Ed25519PublicKey,
        )

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def read_public_key(text: str) -> PublicKey:
    """Read the line that `id_ed25519.pub` holds; any other kind of key is refused."""
    kind, _, rest = text.strip().partition(" ")
    if kind != KIND:
        raise InvalidInputError(
            f"That is no line that begins with {KIND}: paste all of id_ed25519.pub.",
            field="public_key",
        )
    return read_blob(rest.split()[0] if rest.split() else "")


def read_blob(encoded: str) -> PublicKey:
    """Read the base64 of a public key, as it stands in such a line and before a signature."""
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        blob = b""
    if not blob.startswith(_HEAD) or len(blob) != len(_HEAD) + _SIZE:
        raise InvalidInputError(
            f"That is no key of the kind {KIND}: paste all of id_ed25519.pub.", field="public_key"
        )
    return PublicKey(blob[len(_HEAD) :])
