"""Addresses out of a card: what may be kept of them, and where they lead."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

LONGEST = 500
_UNFIT = frozenset(' <>"\\^`{}|')


def web_address(url: str) -> str | None:
    """Return an absolute http(s) address that can be kept; None for all else.

    Refused are other schemes, user names, hosts that are no names, and characters that hide what
    an address is.
    """
    url = url.strip()
    if not url or len(url) > LONGEST or not url.isprintable() or _UNFIT & set(url):
        return None
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or not port_is_fine:
        return None
    return url if "." in host.strip(".") and host.isascii() else None


def hosted(url: str) -> tuple[str, str]:
    """Return the host without `www.`, and the path without its slashes at the ends."""
    parts = urlsplit(url)
    return (parts.hostname or "").removeprefix("www."), parts.path.strip("/")


def https_at(src: str, base: str) -> str | None:
    """Return an absolute https address: as it stands, or a file of the repository below `base`.

    Nothing leads out of the repository, and nothing is fetched.
    """
    src = src.strip()
    if "://" in src or src.startswith("//"):
        address = web_address(src)
        return address if address and address.startswith("https://") else None
    path = src.partition("?")[0].partition("#")[0].removeprefix("./").lstrip("/")
    parts = path.split("/")
    if not base.startswith("https://") or not path or ":" in parts[0] or not path.isprintable():
        return None
    if any(part in {"", ".", ".."} for part in parts) or "\\" in path:
        return None
    return web_address(base.rstrip("/") + "/" + quote(path, safe="/%"))
