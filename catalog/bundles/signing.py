"""Keys and signatures: Ed25519 over a DSSE envelope that names the manifest by its digest.

The envelope (github.com/secure-systems-lab/dsse, protocol.md) carries an in-toto Statement v1
(github.com/in-toto/attestation); its one subject is the manifest.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from catalog.bundles.layout import MANIFEST
from core.errors import BundleRefusedError, InvalidInputError

if TYPE_CHECKING:  # heavy, and no process needs it before the first key is read
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT: Final = "https://in-toto.io/Statement/v1"
PREDICATE: Final = "urn:modelyard:bundle:v1"
SENT: Final = "urn:modelyard:papers:v1"  # of papers alone: a bundle with its signature is refused
MAX_PEM: Final = 4096
UNTRUSTED: Final = "untrusted"


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose signature holds: the id of the key and the name that this yard gave it."""

    key_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Trusted:
    """A public key whose bundles may come in."""

    key: Ed25519PublicKey
    name: str


def new_key() -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PrivateKey,
    )

    return Ed25519PrivateKey.generate()


def private_pem(key: Ed25519PrivateKey) -> bytes:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_pem(key: Ed25519PublicKey) -> bytes:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form)


def key_id(key: Ed25519PublicKey) -> str:
    """Name a public key: the SHA-256 of its SubjectPublicKeyInfo in DER."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(key.public_bytes(serialization.Encoding.DER, form)).hexdigest()


def read_private(pem: bytes) -> Ed25519PrivateKey:
    """Read a signing key from PEM (PKCS#8 without password)."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidInputError("This is no private key in PEM without a password.") from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise InvalidInputError("Bundles are signed with Ed25519; this is a key of another kind.")
    return key


def read_public(pem: bytes) -> Ed25519PublicKey:
    """Read a public key from PEM."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidInputError(
            "This is no public key in PEM. `manage.py bundle key` on the other yard writes it."
        ) from error
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise InvalidInputError("Bundles are signed with Ed25519; this is a key of another kind.")
    return key


def pae(payload_type: str, payload: bytes) -> bytes:
    """Write what DSSE signs: type and payload, each with its length."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def sign(manifest_sha256: str, key: Ed25519PrivateKey, *, predicate: str = PREDICATE) -> bytes:
    """Write the envelope that vouches for the manifest with this digest."""
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": MANIFEST, "digest": {"sha256": manifest_sha256}}],
        "predicateType": predicate,
        "predicate": {},
    }
    payload = orjson.dumps(statement, option=orjson.OPT_SORT_KEYS)
    signature = {
        "keyid": key_id(key.public_key()),
        "sig": base64.b64encode(key.sign(pae(PAYLOAD_TYPE, payload))).decode(),
    }
    envelope = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [signature],
    }
    return orjson.dumps(envelope, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def check_signature(
    envelope: bytes,
    *,
    manifest_sha256: str,
    trusted: Mapping[str, Trusted],
    predicate: str = PREDICATE,
) -> Signer:
    """Return whose key vouches for the manifest; refuse unless a trusted one does.

    The id in the envelope only says which key to try: it is not signed, and trusted for nothing.
    """
    payload, signatures = _opened(envelope)
    signer = _verified(payload, signatures, trusted)
    subject = {"name": MANIFEST, "digest": {"sha256": manifest_sha256}}
    statement = _json(payload, "statement")
    said = (statement.get("_type"), statement.get("predicateType"), statement.get("subject"))
    if said != (STATEMENT, predicate, [subject]):
        raise BundleRefusedError(
            "The signature is good, and it is of another manifest: this one was altered.",
            reason="manifest_altered",
        )
    return signer


def claimed_keys(envelope: bytes) -> list[str]:
    """Return the key ids that an envelope names, verified or not."""
    return [identity for identity, _ in _opened(envelope)[1]]


def _verified(
    payload: bytes, signatures: list[tuple[str, bytes]], trusted: Mapping[str, Trusted]
) -> Signer:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415

    known = [(trusted[one], one, sig) for one, sig in signatures if one in trusted]
    for holder, identity, signature in known:
        try:
            holder.key.verify(signature, pae(PAYLOAD_TYPE, payload))
        except InvalidSignature:
            continue
        return Signer(identity, holder.name)
    if known:
        raise BundleRefusedError("The signature does not hold.", reason="signature")
    names = ", ".join(identity[:16] for identity, _ in signatures)
    raise BundleRefusedError(
        f"No key that this yard trusts has signed it (key {names}). If you know whose it is, get "
        "their public key by a way of its own and run `manage.py bundle trust`.",
        reason=UNTRUSTED,
        keys=[identity for identity, _ in signatures],
    )


def _opened(envelope: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    data = _json(envelope, "envelope")
    found = data.get("signatures")
    if data.get("payloadType") != PAYLOAD_TYPE or not isinstance(found, list) or not found:
        raise _unreadable("envelope")
    try:
        payload = base64.b64decode(data["payload"], validate=True)
        signatures = [
            (str(one["keyid"])[:128], base64.b64decode(one["sig"], validate=True))
            for one in found[:16]
        ]
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise _unreadable("envelope") from error
    return payload, signatures


def _json(content: bytes, what: str) -> dict[str, Any]:
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise _unreadable(what) from error
    if not isinstance(data, dict):
        raise _unreadable(what)
    return data


def _unreadable(what: str) -> BundleRefusedError:
    return BundleRefusedError(
        f"The {what} of the signature cannot be read: the bundle is not signed.",
        reason="unsigned",
    )
