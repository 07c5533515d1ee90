"""Read what people paste: names, addresses, command lines."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection
from typing import Final
from urllib.parse import unquote, urlsplit

HOMES: Final = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?"
_REPO = re.compile(rf"{_NAME}/{_NAME}")
_ONE_NAME = re.compile(_NAME)
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]{0,254}")
_COMMANDS: Final = (("hf", "download"), ("huggingface-cli", "download"))
_FLAGS: Final = frozenset({"--quiet", "--force-download", "--dry-run", "-q"})
# First segments of pages that hold no model.
_PAGES: Final = frozenset(
    {"api", "blog", "chat", "collections", "datasets", "docs", "enterprise", "join", "learn"}
    | {"login", "models", "new", "organizations", "papers", "posts", "pricing", "privacy"}
    | {"search", "settings", "spaces", "tasks", "terms-of-service"}
)
_VIEWS: Final = frozenset({"tree", "resolve", "blob", "raw", "commit"})
_LONGEST = 2000
_LONGEST_REPO = 96
_REF_PARTS = 3

Found = tuple[str, str | None]


def is_repo_id(text: object) -> bool:
    """Tell whether a text is a name in the form `org/name`, or an old one without `org`."""
    if not isinstance(text, str) or len(text) > _LONGEST_REPO or "--" in text or ".." in text:
        return False
    return bool((_REPO if "/" in text else _ONE_NAME).fullmatch(text)) and not text.endswith(".git")


def is_revision(text: object) -> bool:
    """Tell whether a text can be a commit, a branch or a tag."""
    return isinstance(text, str) and bool(_REVISION.fullmatch(text)) and ".." not in text


def read_reference(text: str, endpoint: str) -> Found | None:
    """Return (repo id, revision) of what was pasted; None when it names no model of the Hub."""
    text = text.strip()
    return _checked(_any_form(text, endpoint)) if _is_read(text) else None


def read_further(text: str, endpoint: str, names: Collection[str]) -> Found | None:
    """The same of a further Hub: `NAME:org/repo` with one of its names, or an address below its."""
    text = text.strip()
    if not _is_read(text):
        return None
    name, _, rest = text.partition(":")
    if name in names and not rest.startswith("//"):
        return _checked(_named(rest))
    path = _below(text, endpoint)
    return _checked(_page(path)) if path else None


def _is_read(text: str) -> bool:
    return bool(text) and len(text) <= _LONGEST and text.isprintable()


def _checked(found: Found | None) -> Found | None:
    if found is None or not is_repo_id(found[0]):
        return None
    return found if found[1] is None or is_revision(found[1]) else None


def _below(text: str, endpoint: str) -> str:
    """The path of an address below that of a Hub; '' of any other."""
    try:
        parts, base = urlsplit(text), urlsplit(endpoint)
        same = (parts.scheme, parts.hostname, parts.port) == (base.scheme, base.hostname, base.port)
    except ValueError:
        return ""
    before = f"{base.path.rstrip('/')}/"
    return parts.path.removeprefix(before) if same and parts.path.startswith(before) else ""


def _any_form(text: str, endpoint: str) -> Found | None:
    if " " in text:
        return _command(text)
    if text.startswith("hf://"):
        return _named(text.removeprefix("hf://").removeprefix("models/").rstrip("/"))
    if text.startswith(("http://", "https://")):
        return _address(text, endpoint)
    home, _, rest = text.partition("/")
    if home in HOMES:
        return _address(f"https://{home}/{rest}", endpoint)
    return _named(text) if "/" in text and "://" not in text else None


def _named(text: str) -> Found:
    """Read `org/name` and `org/name@revision`; an empty revision is no revision that passes."""
    name, at, revision = text.partition("@")
    return name, revision if at else None


def _address(text: str, endpoint: str) -> Found | None:
    try:
        parts = urlsplit(text)
        base = urlsplit(endpoint)
        known = parts.hostname in HOMES
        own = (parts.hostname, parts.port) == (base.hostname, base.port)
    except ValueError:
        return None
    path = parts.path
    if own and base.path.strip("/"):
        path = path.removeprefix("/" + base.path.strip("/"))
    return _page(path) if known or own else None


def _page(path: str) -> Found | None:
    segments = [segment for segment in path.split("/") if segment]
    if segments[:2] == ["api", "models"]:
        segments = segments[2:]
    if not segments or segments[0] in _PAGES:
        return None
    return _segments([unquote(segment) for segment in segments])


def _segments(segments: list[str]) -> Found | None:
    """Read the path of a page: `org/name`, `name`, or one of them and a view of a revision."""
    for length in (1, 2):
        if len(segments) > length and segments[length] in {*_VIEWS, "revision"}:
            return "/".join(segments[:length]), _revision(segments[length + 1 :])
    return "/".join(segments[:2]), None


def _revision(segments: list[str]) -> str | None:
    if segments[:1] == ["refs"] and len(segments) >= _REF_PARTS:
        return "/".join(segments[:_REF_PARTS])
    return segments[0] if segments else None


def _command(text: str) -> Found | None:
    """Read `hf download org/name [files] --revision x`, with options in any place."""
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    if tuple(words[:2]) not in _COMMANDS:
        return None
    names, options = _sorted(words[2:])
    if options.get("--repo-type", "model") != "model" or not names:
        return None
    return names[0], options.get("--revision")


def _sorted(words: list[str]) -> tuple[list[str], dict[str, str]]:
    names: list[str] = []
    options: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        option, equals, value = word.partition("=")
        if not word.startswith("-"):
            names.append(word)
        elif option not in _FLAGS:
            options[option] = value if equals else next(rest, "")
    return names, options
