"""Addresses of this protocol as the asking client has to write them."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port

from hub.headers import base_of

_PART: Final = "/v2/-/part?ticket="  # a query, for logs keep the paths of requests


def realm(request: HttpRequest) -> str:
    """Where tokens are: on the very host that was asked, for Ollama goes to no other."""
    return f"{base_of(request)}/v2/token"


def challenge(request: HttpRequest, scope: str) -> str:
    """Say where a token is to be had; `scope` is what it is for, '' where nothing was named."""
    told = f'Bearer realm="{realm(request)}",service="{request.get_host()}"'
    return f'{told},scope="{scope}"' if scope else told


def elsewhere(request: HttpRequest, ticket: str) -> str | None:
    """Write a ticket's address under the host name that is kept for bytes.

    None where that is the name that was asked, or there is none: an Ollama follows to the same
    name by itself, and then asks for the parts there without a token.
    """
    name, port = split_domain_port(settings.BYTES_HOST)
    asked, asked_port = split_domain_port(request.get_host())
    if not name or name == asked:
        return None
    port = port or asked_port
    host = f"{name}:{port}" if port else name
    return f"{urlsplit(base_of(request)).scheme}://{host}{_PART}{ticket}"
