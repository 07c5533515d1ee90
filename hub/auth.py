"""Who asks: a registry key as the Hub token, or the session of someone who clicks on a file."""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework.exceptions import AuthenticationFailed

from hub.errors import (
    BadCredentialsError,
    HubError,
    RepoNotFoundError,
    ScopeMissingError,
    SignInError,
)
from registry.authentication import caller_of
from registry.callers import Caller
from registry.enums import Scope
from registry.selectors.people import team_of


def caller_from(request: HttpRequest) -> Caller:
    """Give the caller; a token that is sent and not usable is never taken as no token."""
    try:
        return caller_of(request)
    except AuthenticationFailed as error:
        raise BadCredentialsError from error


def check_reader(caller: Caller) -> None:
    """Let pass who may read at all; the answer is the same for every model, known or not."""
    if caller.may(Scope.READ):
        return
    if caller.user_id is None:
        raise SignInError
    raise ScopeMissingError("This key may not read: it lacks the scope read.")


def not_found(caller: Caller, repo_id: str) -> HubError:
    """The one answer for a model that is missing and for one that is hidden."""
    return SignInError() if caller.user_id is None else RepoNotFoundError(repo_id)


def whoami(caller: Caller) -> dict[str, object]:
    """Describe the key's person and team, with no more than clients read."""
    if not caller.key_prefix:
        raise SignInError
    team = team_of(caller)
    writes = caller.scopes - {Scope.READ}
    return {
        "type": "user",
        "name": caller.name,
        "fullname": caller.name,
        "isPro": False,
        "orgs": [{"type": "org", "name": team.slug, "fullname": team.name}] if team else [],
        "auth": {
            "type": "access_token",
            "accessToken": {
                "displayName": caller.key_prefix,
                "role": "fineGrained" if writes else "read",
            },
        },
    }
