"""What a refusal of the Hub means, said so that the reader knows what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx2

from core.errors import (
    InvalidInputError,
    ModelyardError,
    UpstreamError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
    UpstreamPendingError,
)
from core.yards import YARD, instance_of

UNAUTHORIZED: Final = 401
FORBIDDEN: Final = frozenset({403, 451})
MISSING: Final = frozenset({404, 410})
_HIDDEN: Final = frozenset({"GatedRepo", "RepoNotFound"})
_CLOSED: Final = frozenset({401, 403})
DISABLED: Final = "Access to this resource is disabled."
_LONGEST_PROMISE: Final = 86_400.0  # seconds
_LONGEST_WORD = 600  # of a yard, with the address of a page at its end


@dataclass(frozen=True, slots=True)
class Asked:
    """What we asked for, to say it in messages."""

    endpoint: str
    repo_id: str
    revision: str | None = None
    path: str = ""
    has_token: bool = False
    is_further: bool = False  # a Hub that may have rules of its own, and says them


def refusal(status: int, headers: Mapping[str, str], asked: Asked) -> ModelyardError:
    """Make the error that a refusing answer stands for."""
    code, word = headers.get("x-error-code", ""), _clean(headers.get("x-error-message", ""))
    details: dict[str, object] = {"repo_id": asked.repo_id, "upstream_status": status}
    is_yard = bool(instance_of(headers.get(YARD, "")))
    again = headers.get("retry-after", "")
    if is_yard and code == "GatedRepo" and again.isdecimal():
        wait = min(float(again), _LONGEST_PROMISE)
        return UpstreamPendingError(_says(word, asked), **details, retry_after=wait)
    if word != DISABLED and (code in _HIDDEN or status in _CLOSED):
        details["needs_token"] = True  # one, or another one, may open it
    text, reason = _refused(status, code, word, asked)
    if word and code == "GatedRepo" and (is_yard or asked.is_further):
        text = _says(word, asked)
    if reason:
        return UpstreamForbiddenError(text, **details, reason=reason)
    if status == UNAUTHORIZED or status in MISSING:
        return UpstreamNotFoundError(_missing(code, status, asked), **details)
    return UpstreamError(f"The source answers {status} for {asked.repo_id}. {word}", **details)


def _refused(status: int, code: str, word: str, asked: Asked) -> tuple[str, str]:
    """Return what to say and why ('' when this is no refusal of something that exists)."""
    if code == "GatedRepo":
        return _gated(word, asked), "gated"
    if word == DISABLED:
        return f"{asked.repo_id} was disabled at its source.", "disabled"
    if status == UNAUTHORIZED and asked.has_token and code != "RepoNotFound":
        return "The source does not accept the token: it is wrong or has expired.", "token"
    if status in FORBIDDEN:
        return f"The source refuses {asked.repo_id}: {word or 'no reason given'}", "refused"
    return "", ""


def _says(word: str, asked: Asked) -> str:
    """A yard, or a Hub of somebody's own, says itself why and where to ask."""
    return f"{urlsplit(asked.endpoint).netloc} refuses {asked.repo_id}. It says: {word}"


def _gated(word: str, asked: Asked) -> str:
    page = f"{asked.endpoint}/{asked.repo_id}"
    if not asked.has_token:
        return (
            f"{asked.repo_id} is gated. Ask for access at {page}, then import it again with a"
            " token of the account that has it."
        )
    if "await" in word.lower() or "review" in word.lower():
        return (
            f"{asked.repo_id} is gated and the request of this account still waits for its"
            f" authors. Import it again once {page} shows the files."
        )
    return (
        f"{asked.repo_id} is gated and the account of this token has no access."
        f" Ask for it at {page}."
    )


def _missing(code: str, status: int, asked: Asked) -> str:
    if code == "RevisionNotFound":
        return f"{asked.repo_id} has no revision {asked.revision or 'main'}."
    if code == "EntryNotFound":
        return f"{asked.repo_id} has no file {asked.path}."
    if status == UNAUTHORIZED and not asked.has_token:
        return (
            f"{asked.repo_id} does not exist, or is private. Look at the spelling; if it is"
            " private, import it with a token that may read it."
        )
    return f"{asked.repo_id} does not exist, or this token may not see it."


def _clean(word: str) -> str:
    return "".join(c if c.isprintable() else " " for c in word)[:_LONGEST_WORD].strip()


@contextmanager
def translated(asked: Asked) -> Iterator[None]:
    """Turn what huggingface_hub raises into our errors; ours pass through."""
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError  # noqa: PLC0415 slow

    try:
        yield
    except HfHubHTTPError as error:
        raise refusal(error.response.status_code, error.response.headers, asked) from error
    except HFValidationError as error:
        raise InvalidInputError(f"{asked.repo_id} is no name of a model") from error
    except (httpx2.RequestError, httpx2.InvalidURL) as error:
        text = f"{asked.endpoint} failed ({type(error).__name__})"
        raise UpstreamError(text, repo_id=asked.repo_id) from error
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        text = f"{asked.endpoint} answers something unreadable for {asked.repo_id}"
        raise UpstreamError(text, repo_id=asked.repo_id) from error
