"""Who asks, and which repositories, revisions and files they may have."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.standins.hub.exchange import Answered, Exchange
from tests.standins.hub.git import Commit, File
from tests.standins.hub.repositories import FIRST_COMMIT, Repo, iso
from tests.standins.hub.state import STATE

NEVER_GATED = ("README.md", ".gitattributes")


def caller(exchange: Exchange) -> dict[str, Any] | None:
    """Return the person that the token is of; None without a token."""
    words = exchange.headers.get("Authorization")
    if not words:
        return None
    token = words.split(" ", 1)[1] if " " in words else words
    if token not in STATE.tokens:
        exchange.refuse(401, None, "Invalid credentials in Authorization header")
    return STATE.tokens[token]


def repository(exchange: Exchange, plural: str, repo_id: str) -> Repo:
    """Return a repository that the caller may know of."""
    repo = STATE.repos.get((plural, repo_id.lower()))
    if repo and repo.meta.get("renamed_to"):
        _redirect(exchange, repo_id, repo.meta["renamed_to"])
    if not repo or (repo.meta.get("private") and not is_member(exchange.user, repo)):
        if not exchange.user and STATE.faults["anon_missing_401"]:
            exchange.refuse(401, "RepoNotFound", "Invalid username or password.")
        exchange.refuse(404, "RepoNotFound", "Repository not found")
    if repo.meta.get("disabled"):
        exchange.refuse(403, None, "Access to this resource is disabled.")
    return repo


def with_files(exchange: Exchange, plural: str, repo_id: str, *, path: str | None = None) -> Repo:
    """Return a repository whose files, or this one, the caller may have."""
    repo = repository(exchange, plural, repo_id)
    public = STATE.faults["gated_readme_public"] and path in NEVER_GATED
    if repo.meta.get("gated") and not is_member(exchange.user, repo) and not public:
        _refuse_gated(exchange, repo)
    return repo


def revision(exchange: Exchange, repo: Repo, name: str) -> Commit:
    commit = repo.find(name)
    if not commit:
        exchange.refuse(404, "RevisionNotFound", f"Invalid rev id: {name}")
    return commit


def entry(exchange: Exchange, commit: Commit, path: str) -> File:
    file = commit.files.get(path)
    if not file:
        exchange.refuse(404, "EntryNotFound", "Entry not found", commit=commit.sha)
    return file


def is_owner(user: dict[str, Any] | None, repo: Repo) -> bool:
    if not user:
        return False
    return bool(user.get("admin") or repo.owner in [user["name"], *user.get("orgs", [])])


def is_member(user: dict[str, Any] | None, repo: Repo) -> bool:
    return is_owner(user, repo) or bool(user and repo.id in user.get("access", []))


def whoami(exchange: Exchange) -> None:
    user = exchange.user
    if not user:
        exchange.refuse(401, None, "Invalid username or password.")
    token = {
        "displayName": user.get("token_name", "test"),
        "role": user.get("role", "read"),
        "createdAt": iso(FIRST_COMMIT),
    }
    exchange.send(
        200,
        {
            "type": "user",
            "id": _number(user["name"]),
            "name": user["name"],
            "fullname": user.get("fullname", user["name"]),
            "email": user.get("email", user["name"] + "@example.org"),
            "emailVerified": True,
            "canPay": False,
            "periodEnd": None,
            "isPro": user.get("isPro", False),
            "avatarUrl": "/avatars/x.svg",
            "orgs": [_organization(name) for name in user.get("orgs", [])],
            "auth": {"type": "access_token", "accessToken": token},
        },
    )


def _organization(name: str) -> dict[str, Any]:
    return {
        "type": "org",
        "id": _number(name),
        "name": name,
        "fullname": name,
        "isEnterprise": False,
        "roleInOrg": "read",
    }


def _number(name: str) -> str:
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:24]


def _redirect(exchange: Exchange, repo_id: str, name: str) -> None:
    target = exchange.path.replace(repo_id, name, 1)
    api = exchange.url.path.startswith("/api/")
    body = {"url": target} if api else f"Temporary Redirect. Redirecting to {target}"
    exchange.send(307, body, {"Location": target})
    raise Answered


def _refuse_gated(exchange: Exchange, repo: Repo) -> None:
    restricted = f"Access to {repo.type} {repo.id} is restricted"
    if not exchange.user:
        must = "You must have access to it and be authenticated to access it. Please log in."
        exchange.refuse(401, "GatedRepo", f"{restricted}. {must}")
    if repo.id in exchange.user.get("pending", []):
        asked = f"Your request to access {repo.type} {repo.id}"
        message = f"{asked} is awaiting a review from the repo authors."
        exchange.refuse(403, "GatedRepo", message)
    visit = f"Visit https://huggingface.co/{repo.id} to ask for access."
    message = f"{restricted} and you are not in the authorized list. {visit}"
    exchange.refuse(403, "GatedRepo", message)
