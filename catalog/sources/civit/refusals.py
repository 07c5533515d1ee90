"""Turn CivitAI's opaque refusals into errors that say what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import orjson

from catalog.sources.civit.values import mapping, moment, text
from core.errors import (
    ModelyardError,
    UpstreamError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
)

UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403
MISSING: Final = frozenset({404, 410})
REFUSED: Final = frozenset({FORBIDDEN, 402, 451})
ACCOUNT: Final = "https://civitai.com/user/account"
_TOKEN: Final = (
    f"Make a token at {ACCOUNT}, then set it as CIVITAI_TOKEN or give it with this import."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What we asked for, to say it in messages."""

    endpoint: str
    repo_id: str
    version_id: int | None = None
    path: str = ""
    has_token: bool = False
    early_until: str = ""

    def of_file(self, path: str) -> Asked:
        return replace(self, path=path)

    @property
    def what(self) -> str:
        """`model 12345`, `version 67890 of model 12345` or a file of one."""
        model = f"model {self.repo_id}" if self.repo_id.isdecimal() else ""
        version = f"version {self.version_id}" if self.version_id else ""
        named = " of ".join(part for part in (version, model) if part)
        return f"{self.path} ({named})" if self.path else named

    @property
    def page(self) -> str:
        return page_of(self.repo_id, self.version_id)


def page_of(repo_id: str, version_id: int | None) -> str:
    """Return where people read about a model and version."""
    if not repo_id.isdecimal():
        return f"https://civitai.com/model-versions/{version_id}"
    chosen = f"?modelVersionId={version_id}" if version_id else ""
    return f"https://civitai.com/models/{repo_id}{chosen}"


def refusal(status: int, body: bytes, asked: Asked) -> ModelyardError:
    """Make the error that a refusing answer stands for; its body may be JSON, HTML or nothing."""
    told = _told(body)
    details: dict[str, object] = {"repo_id": asked.repo_id, "upstream_status": status}
    if status in MISSING:
        return UpstreamNotFoundError(_missing(told, asked), **details, **_hint(asked))
    if status == UNAUTHORIZED or status in REFUSED:
        words, reason = _refused(status, told, asked)
        return UpstreamForbiddenError(words, **details, reason=reason, needs_token=True)
    said = f": {_words(told)}" if _words(told) else ""
    return UpstreamError(f"CivitAI answers {status} for {asked.what}{said}", **details)


def _hint(asked: Asked) -> dict[str, object]:
    return {} if asked.has_token else {"needs_token": True}


def _told(body: bytes) -> Mapping[str, object]:
    try:
        return mapping(orjson.loads(body))
    except orjson.JSONDecodeError:
        return {}


def _words(told: Mapping[str, object]) -> str:
    return text(told.get("message"), 300) or text(told.get("error"), 300)


def _refused(status: int, told: Mapping[str, object], asked: Asked) -> tuple[str, str]:
    """Return what to say, and why in a word: gated is what some accounts may have."""
    words = _words(told)
    if text(told.get("error")).lower() == "early access":
        return _early(told.get("deadline"), asked), "gated"
    if "disabled downloads" in words.lower():
        return f"The creator of {asked.what} has disabled its download on CivitAI.", "disabled"
    if status == UNAUTHORIZED:
        return _not_let_in(asked)
    said = f": {words}" if words else " and gives no reason"
    return f"CivitAI refuses {asked.what}{said}. Look at {asked.page}.", "refused"


def _not_let_in(asked: Asked) -> tuple[str, str]:
    if asked.has_token:
        words = (
            f"CivitAI does not accept the token for {asked.what}: it is wrong, expired or of an"
            f" account that may not have it. Look at {asked.page}; a new token is made at"
            f" {ACCOUNT}."
        )
        return words, "token"
    if asked.early_until:
        return _early(asked.early_until, asked), "gated"
    return f"CivitAI gives {asked.what} to signed-in people only. {_TOKEN}", "gated"


def _early(deadline: object, asked: Asked) -> str:
    ends = moment(deadline or asked.early_until)
    until = f" until {ends:%Y-%m-%d %H:%M} UTC" if ends else ""
    return (
        f"{asked.what[:1].upper()}{asked.what[1:]} is in early access{until}. Import it again"
        f" then, or with a token of an account that bought access at {asked.page}."
    )


def _missing(told: Mapping[str, object], asked: Asked) -> str:
    if "archived" in _words(told).lower():
        return f"CivitAI has archived {asked.what}: its files are not given out any more."
    hidden = "" if asked.has_token else f" What only signed-in people see takes a token. {_TOKEN}"
    return (
        f"CivitAI has no {asked.what}, or does not show it. Look at the number: the id of a model"
        " stands behind /models/ in its address, that of a version behind modelVersionId=. It may"
        f" have been removed or unpublished by its creator.{hidden}"
    )
