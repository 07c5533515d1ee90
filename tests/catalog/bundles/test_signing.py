"""Signatures are DSSE over an in-toto statement, so that other tools can check them too."""

from __future__ import annotations

import base64

import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from catalog.bundles import signing
from core.errors import BundleRefusedError, InvalidInputError
from tests.catalog.bundles.making import KEY, KEY_ID, TRUSTED, sha

DIGEST = sha(b"manifest")


def test_what_is_signed_is_what_the_specification_says():
    """The example of DSSE's protocol.md, section Test Vectors."""
    made = signing.pae("http://example.com/HelloWorld", b"hello world")
    assert made == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_a_signature_is_checked_with_nothing_of_ours():
    envelope = orjson.loads(signing.sign(DIGEST, KEY))
    payload = base64.b64decode(envelope["payload"])
    statement = orjson.loads(payload)
    assert statement["subject"] == [{"name": "manifest.json", "digest": {"sha256": DIGEST}}]
    kind = envelope["payloadType"].encode()
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    KEY.public_key().verify(base64.b64decode(envelope["signatures"][0]["sig"]), signed)


def test_the_id_of_a_key_is_the_digest_of_its_public_half():
    der = KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert sha(der) == KEY_ID


def test_a_good_signature_names_its_signer():
    signer = signing.check_signature(
        signing.sign(DIGEST, KEY), manifest_sha256=DIGEST, trusted=TRUSTED
    )
    assert signer == signing.Signer(KEY_ID, "the sender")


def test_one_of_several_signatures_is_enough():
    envelope = orjson.loads(signing.sign(DIGEST, KEY))
    stranger = orjson.loads(signing.sign(DIGEST, signing.new_key()))
    envelope["signatures"] = [*stranger["signatures"], *envelope["signatures"]]
    found = signing.check_signature(orjson.dumps(envelope), manifest_sha256=DIGEST, trusted=TRUSTED)
    assert found.key_id == KEY_ID


@pytest.mark.parametrize("field", ["_type", "predicateType"])
def test_a_statement_of_another_kind_vouches_for_no_bundle(field):
    statement = {
        "_type": signing.STATEMENT,
        "subject": [{"name": "manifest.json", "digest": {"sha256": DIGEST}}],
        "predicateType": signing.PREDICATE,
        "predicate": {},
    }
    payload = orjson.dumps(statement | {field: "https://example.org/other"})
    signature = base64.b64encode(KEY.sign(signing.pae(signing.PAYLOAD_TYPE, payload))).decode()
    envelope = {
        "payloadType": signing.PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": KEY_ID, "sig": signature}],
    }
    with pytest.raises(BundleRefusedError):
        signing.check_signature(orjson.dumps(envelope), manifest_sha256=DIGEST, trusted=TRUSTED)


def test_keys_survive_their_files():
    assert signing.read_private(signing.private_pem(KEY)).public_key() == KEY.public_key()
    assert signing.read_public(signing.public_pem(KEY.public_key())) == KEY.public_key()


def test_keys_of_another_kind_are_refused():
    other = rsa.generate_private_key(65537, 2048)
    private = other.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = other.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for read, pem in (
        (signing.read_private, private),
        (signing.read_public, public),
        (signing.read_private, b"no key"),
        (signing.read_public, b"no key"),
    ):
        with pytest.raises(InvalidInputError):
            read(pem)
