"""Who asks: a registry key, or a token that is given for one and is worth no more than it.

A token names the key and ends by itself; the key is looked up at each use, so what is revoked,
expired or less than it was counts at once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import time
from typing import Final
from urllib.parse import parse_qs

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, JsonResponse

from core.errors import InvalidInputError
from core.once import is_unused
from hub import auth
from hub.errors import BadCredentialsError, SignInError
from hub.oci.addresses import realm
from hub.oci.errors import SignatureError
from registry.authentication import address_of, bearer_of, caller_of_key, speak_as
from registry.callers import Caller
from registry.selectors.keys import UsableKey, key_for_ollama, usable_key, usable_key_by_id
from registry.services.keys import note_use
from registry.ssh_keys import PublicKey, read_blob

LIFE: Final = 900  # seconds
_DRIFT: Final = 300  # seconds by which clocks may differ
_SIGNER: Final = signing.TimestampSigner(salt="hub.oci.token", sep=".")
_EMPTY: Final = base64.b64encode(hashlib.sha256(b"").hexdigest().encode()).decode()
_STAMP: Final = re.compile("[0-9]{1,12}")
_NONCE: Final = range(8, 200)


def caller_from(request: HttpRequest) -> Caller:
    """Give the caller; a token that is sent and not usable is never taken as no token."""
    token = bearer_of(request)
    if "." not in token:
        return auth.caller_from(request)
    try:
        kept = _SIGNER.unsign_object(token, max_age=LIFE)
    except signing.BadSignature as error:
        raise BadCredentialsError from error
    return _speaks(request, usable_key_by_id(kept["key"]))


def give(request: HttpRequest) -> JsonResponse:
    """Answer the realm: a token for who proved to have a key."""
    key = _proved(request)
    token = _SIGNER.sign_object({"sub": key.username, "key": key.id})
    _speaks(request, key)
    answer = JsonResponse({"token": token, "access_token": token, "expires_in": LIFE})
    answer["Cache-Control"] = "no-store"
    return answer


def _speaks(request: HttpRequest, key: UsableKey | None) -> Caller:
    if key is None:
        raise BadCredentialsError
    if not key.used_lately:
        note_use(key.id)
    return speak_as(request, caller_of_key(key, address_of(request)))


def _proved(request: HttpRequest) -> UsableKey:
    """Find the key by a password (`Basic`, as registries have it) or by Ollama's signature."""
    told = request.META.get("HTTP_AUTHORIZATION", "").strip()
    if not told:
        raise SignInError
    scheme, _, rest = told.partition(" ")
    if scheme.lower() == "basic":
        key = usable_key(_password(rest))
    elif rest:
        raise BadCredentialsError
    else:
        key = _signed(request, told)
    if key is None:
        raise BadCredentialsError
    return key


def _password(encoded: str) -> str:
    """The name beside it may be any: the key alone says who it is."""
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise BadCredentialsError from error
    return text.partition(":")[2]


def _signed(request: HttpRequest, told: str) -> UsableKey:
    """Believe a signature over the address that was asked, made now, and seen once."""
    public, signature = _parts(told)
    asked = request.META.get("QUERY_STRING", "")
    message = f"GET,{realm(request)}?{asked},{_EMPTY}"
    if not public.signed(message.encode(), signature):
        raise SignatureError("This signature is not of the address that was asked.")
    _check_fresh(public, asked)
    key = key_for_ollama(public.digest)
    if key is None:
        page = f"{settings.PUBLIC_URL}/keys/"
        raise SignatureError(f"This Ollama has no key here: register {public.text!r} at {page}")
    return key


def _parts(told: str) -> tuple[PublicKey, bytes]:
    encoded, _, signature = told.partition(":")
    try:
        return read_blob(encoded), base64.b64decode(signature, validate=True)
    except (InvalidInputError, binascii.Error, ValueError) as error:
        raise BadCredentialsError from error


def _check_fresh(public: PublicKey, asked: str) -> None:
    values = parse_qs(asked)
    (stamp,), (nonce,) = (values.get(name, [""])[:1] for name in ("ts", "nonce"))
    now = time.time()
    if not _STAMP.fullmatch(stamp) or abs(now - int(stamp)) > _DRIFT:
        raise SignatureError("This signature is not of now: set the clock of this machine.")
    if len(nonce) not in _NONCE or not is_unused(public.text, nonce, seconds=3 * _DRIFT):
        raise SignatureError("This signature was used before.")
