"""The one way out: every outgoing request of the yard goes through a client built here."""

from core.http.bounded import BoundedTransport
from core.http.client import (
    BrokenOffError,
    Fetched,
    build_client,
    fetch,
    guarded_transport,
    read_beginning,
    read_limited,
)
from core.http.guard import Resolver, check_url
from core.http.policy import HttpPolicy, origin_of
from core.http.redact import hide_path, safe_url

__all__ = [
    "BoundedTransport",
    "BrokenOffError",
    "Fetched",
    "HttpPolicy",
    "Resolver",
    "build_client",
    "check_url",
    "fetch",
    "guarded_transport",
    "hide_path",
    "origin_of",
    "read_beginning",
    "read_limited",
    "safe_url",
]
