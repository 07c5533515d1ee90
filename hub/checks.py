"""What must be right before the yard serves a client of the Hub."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error
from django.http.request import split_domain_port

_TRAP: Final = "Clients send their key to any address with the host name of the registry."


def check_addresses(**_: Any) -> list[Error]:
    """Bytes that are had without a key have addresses of another host name, or there are none."""
    ours = (urlsplit(settings.PUBLIC_URL).hostname or "").lower()
    found = []
    if settings.BYTES_BY == "object-store":
        found += _object_store(ours)
    if settings.BYTES_HOST and split_domain_port(settings.BYTES_HOST)[0].strip("[]") in {ours, ""}:
        found.append(Error(f"BYTES_HOST is the host name of PUBLIC_URL. {_TRAP}", id="hub.E002"))
    return found


def _object_store(ours: str) -> list[Error]:
    if not settings.S3_ENDPOINT or not settings.S3_PUBLIC_ENDPOINT:
        told = "BYTES_BY=object-store needs MINIO_ENDPOINT, and MINIO_PUBLIC_ENDPOINT for clients."
        return [Error(told, id="hub.E001")]
    if urlsplit(settings.S3_PUBLIC_ENDPOINT).hostname == ours:
        told = f"MINIO_PUBLIC_ENDPOINT has the host name of PUBLIC_URL. {_TRAP}"
        return [Error(told, id="hub.E001")]
    return []
