"""Every answer that is not the thing asked for, in the form that Hub clients show to people."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpResponse, JsonResponse

from core.errors import ModelyardError
from core.logs import strike
from core.problems import Refusal
from core.rates import Left
from core.yards import MOST_HOPS, Way
from registry.models import Model

_LONGEST: Final = 600  # fronts refuse header lines beyond some kilobytes
_REFUSED: Final = "hub.refused"
BAD_CREDENTIALS: Final = "Invalid credentials in Authorization header"  # clients compare this text


class HubError(Exception):
    """An answer by protocol: `X-Error-Code` decides which exception the client raises."""

    status: int = 404
    code: str = "NotFound"

    def __init__(self, message: str, *, commit: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.commit = commit

    def headers(self) -> dict[str, str]:
        named = {"X-Error-Code": self.code, "X-Repo-Commit": self.commit}
        return {name: value for name, value in named.items() if value}


class UnknownAddressError(HubError):
    """No Hub has this address."""


class NotServedError(HubError):
    """The Hub has this, the yard does not."""

    status = 501
    code = "NotImplemented"


class BadRequestError(HubError):
    status = 400
    code = "BadRequest"


class RepoNotFoundError(HubError):
    """Missing, or not for this caller to know of: the two answers are the same."""

    code = "RepoNotFound"

    def __init__(self, repo_id: str) -> None:
        super().__init__(f"There is no model {repo_id} here that you may see.")


class AbsentError(RepoNotFoundError):
    """Missing, and its source was asked for it."""

    def __init__(self, repo_id: str, source: str) -> None:
        text = f"There is no model {repo_id} here that you may see, nor does {source} give it."
        HubError.__init__(self, text)


class RequestedError(HubError):
    """It is on its way. No refusal: who asks again later has it, or is told why not."""

    status = 403
    code = "GatedRepo"

    def __init__(self, name: str, *, minutes: int, page: str) -> None:
        self.minutes = minutes
        words = f"{name} was requested for you; ask again {within(minutes)}. See {page}"
        super().__init__(words)

    def headers(self) -> dict[str, str]:
        return {**super().headers(), **again_in(self.minutes)}


class TooFarError(HubError):
    """One yard asked another, which asked another: it ends here."""

    status = 403
    code = "GatedRepo"

    def __init__(self, way: Way) -> None:
        circle = "it left this yard before"
        long = f"it left {way.hops} yards, and {MOST_HOPS} are allowed"
        super().__init__(f"This question goes no further: {long if way.is_too_long else circle}.")


class SignInError(HubError):
    """The same for callers without a key, whom the protocol answers 401."""

    status = 401
    code = "RepoNotFound"

    def __init__(self) -> None:
        super().__init__("This registry needs a key: set HF_TOKEN to one made on its Keys page.")

    def headers(self) -> dict[str, str]:
        return {**super().headers(), "WWW-Authenticate": 'Bearer realm="Authentication required"'}


class BadCredentialsError(SignInError):
    """A key was sent and is not usable. No code: with one, clients would call the model missing."""

    code = ""

    def __init__(self) -> None:
        HubError.__init__(self, BAD_CREDENTIALS)


class RevisionNotFoundError(HubError):
    code = "RevisionNotFound"


class EntryNotFoundError(HubError):
    code = "EntryNotFound"


class ScopeMissingError(HubError):
    """`GatedRepo` is the one code whose message every client shows in full."""

    status = 403
    code = "GatedRepo"

    def refusal(self) -> Refusal:
        return Refusal(self.message, action=_REFUSED)


class RefusedError(HubError):
    """The caller may know of the model and may not have it; the page says what to do."""

    status = 403
    code = "GatedRepo"

    def __init__(
        self, reason: ModelyardError, *, model: Model, subject: str, when: str = ""
    ) -> None:
        self.page = f"{settings.PUBLIC_URL}/models/{model.slug}/"
        self.cause, self.model, self.subject = reason, model, subject
        self.minutes = 0
        self.told = f"{reason.message} {when}".strip()
        super().__init__(f"{self.told} See {self.page}")

    def later(self, minutes: int) -> RefusedError:
        """The same, of what is on its way."""
        when = f"Ask again {within(minutes)}."
        later = type(self)(self.cause, model=self.model, subject=self.subject, when=when)
        later.minutes = minutes
        return later

    def refusal(self) -> Refusal:
        return Refusal(self.cause.message, self.subject, subject_type="version", action=_REFUSED)

    def headers(self) -> dict[str, str]:
        page = header_text(self.page)  # whole, however long the reason is
        reason = header_text(self.told, limit=_LONGEST - len(page))
        said = {"X-Error-Message": f"{reason} See {page}"}
        return {**super().headers(), **said, **again_in(self.minutes)}


class TooManyError(HubError):
    """The caller asked too often. Clients wait as long as the headers say and ask again."""

    status = 429
    code = "TooManyRequests"

    def __init__(self, left: Left) -> None:
        self.left = left
        super().__init__(
            f"That was more than {left.quota} requests in {left.window} seconds ({left.bucket});"
            f" ask again in {left.reset} seconds."
        )

    def headers(self) -> dict[str, str]:
        return {**super().headers(), "Retry-After": str(self.left.reset)}


class ListedError(RefusedError):
    """The yard names the model, and nobody imported it yet."""


class YardFaultError(HubError):
    """Something behind the registry does not answer; clients try a 503 again."""

    code = "Unavailable"

    def __init__(self, error: ModelyardError) -> None:
        super().__init__(error.title)  # what happened inside is for the log
        self.status = error.status


def within(minutes: int) -> str:
    return "in a minute" if minutes == 1 else f"in {minutes} minutes"


def again_in(minutes: int) -> dict[str, str]:
    """For another yard, which asks again by itself."""
    return {"Retry-After": str(60 * minutes)} if minutes else {}


def header_text(text: str, *, limit: int = _LONGEST) -> str:
    """Fit a sentence into a header: ASCII, one line, not too long."""
    plain = strike(text).encode("ascii", "replace").decode()
    line = " ".join("".join(c if c.isprintable() else " " for c in plain).split())
    return line if len(line) <= limit else line[: limit - 3] + "..."


def answer(error: HubError) -> HttpResponse:
    """Say it in the header, which a HEAD has too, and in the body."""
    response = JsonResponse({"error": strike(error.message)}, status=error.status)
    response["X-Error-Message"] = header_text(error.message)
    for name, value in error.headers().items():
        response[name] = value
    if isinstance(error, RefusedError | ScopeMissingError):
        response.refusal = error.refusal()  # type: ignore[attr-defined]
    return response
