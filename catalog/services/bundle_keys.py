"""The key that signs what leaves, and the keys whose bundles may come."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from catalog.bundles import signing
from catalog.bundles.signing import MAX_PEM, Trusted
from catalog.models import TrustedKey
from core.errors import ConflictError, InvalidInputError, NotFoundError, NotPermittedError
from core.storage.faults import local_faults
from registry import audit
from registry.callers import Caller
from registry.enums import Scope

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def key_path() -> Path:
    """Where the signing key of this yard is."""
    kept: Path = settings.STATE_DIR / "secrets" / "bundle.pem"
    return settings.BUNDLE_KEY or kept


def make_key(*, caller: Caller, path: Path | None = None) -> str:
    """Make the signing key, readable by its owner alone, and return its id; never over another."""
    path = path or key_path()
    key = signing.new_key()
    with local_faults(f"Key {path}"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError as error:
            raise ConflictError(
                f"There is a key at {path} already. Move it away first if another one is meant: "
                "yards that trust it will not trust the new one."
            ) from error
        with os.fdopen(descriptor, "wb") as file:
            file.write(signing.private_pem(key))
            file.flush()
            os.fsync(file.fileno())
    identity = signing.key_id(key.public_key())
    audit.record(actor=caller, action="bundle.key", subject_type="key", subject=identity)
    return identity


def signing_key(path: Path | None = None) -> Ed25519PrivateKey:
    """Read the signing key of this yard; say how to make one when there is none."""
    path = path or key_path()
    try:
        with local_faults(f"Key {path}"):
            return signing.read_private(path.read_bytes()[:MAX_PEM])
    except NotFoundError as error:
        raise ConflictError(
            f"This yard has no key to sign bundles with ({path}). An operator makes one with "
            "`manage.py bundle keygen`."
        ) from error


def has_key() -> bool:
    """Tell whether this yard was given a key to sign with."""
    with local_faults(f"Key {key_path()}"):
        return key_path().exists()


def public_key(path: Path | None = None) -> str:
    """Return the public half, which other yards trust, as PEM."""
    return signing.public_pem(signing_key(path).public_key()).decode()


def own_trust(key: Ed25519PrivateKey) -> dict[str, Trusted]:
    """Trust in our own key: for what we wrote ourselves, never for what is imported."""
    public = key.public_key()
    return {signing.key_id(public): Trusted(public, "this yard")}


def trusted_keys() -> dict[str, Trusted]:
    """Return the keys whose bundles may come in, by id. The id is worked out, not believed."""
    keys = [(row, signing.read_public(row.public_pem.encode())) for row in TrustedKey.objects.all()]
    return {signing.key_id(key): Trusted(key, row.name) for row, key in keys}


@transaction.atomic
def trust_key(*, caller: Caller, pem: bytes, name: str) -> TrustedKey:
    """Take in bundles of this key from now on."""
    _check_admin(caller)
    if not name.strip():
        raise InvalidInputError("Say whose key it is: it is shown with everything it signed.")
    public = signing.read_public(pem[:MAX_PEM])
    row, created = TrustedKey.objects.get_or_create(
        key_id=signing.key_id(public),
        defaults={
            "name": name.strip()[:120],
            "public_pem": signing.public_pem(public).decode(),
            "added_by": caller.name,
        },
    )
    if not created:
        raise ConflictError(f"This key is trusted already, as {row.name}.")
    audit.record(
        actor=caller, action="bundle.trust", subject_type="key", subject=row.key_id, reason=row.name
    )
    return row


@transaction.atomic
def end_trust(*, caller: Caller, beginning: str) -> TrustedKey:
    """Take in no more bundles of a key, named by the beginning of its id."""
    _check_admin(caller)
    found = list(TrustedKey.objects.filter(key_id__startswith=beginning.lower())[:2])
    if not beginning or len(found) != 1:
        raise NotFoundError(f"{len(found) or 'No'} trusted key begins with {beginning!r}.")
    row = found[0]
    audit.record(
        actor=caller,
        action="bundle.untrust",
        subject_type="key",
        subject=row.key_id,
        reason=row.name,
    )
    TrustedKey.objects.filter(pk=row.pk).delete()
    return row


def _check_admin(caller: Caller) -> None:
    if not caller.may(Scope.ADMIN):
        raise NotPermittedError("Only an admin decides whose bundles come in.")
