"""Credentials of the reader's that a call sends to somebody who has not given them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from scanning.scanners._code.names import Names
from scanning.scanners.base import Severity

ASKING_FOR_SECRETS = frozenset({"environ", "environb", "getenv", "get_token"})
_SECRET = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|_KEY|APIKEY|PRIVATE", re.IGNORECASE)
_ASKED = frozenset({"os.getenv", "os.environ.get", "os.environ.pop", "os.environ.setdefault"})
_TOKENS_WORDS = """
huggingface_hub.get_token huggingface_hub.HfFolder.get_token huggingface_hub.utils.get_token
"""
_TOKENS = frozenset(_TOKENS_WORDS.split())
_WEB = ("requests.", "httpx.", "aiohttp.", "urllib.", "urllib2.", "urllib3.", "http.client.")
_RAW = ("socket.", "_socket.", "dns.", "asyncio.open_connection", "websocket.", "websockets.")
_MAIL = ("smtplib.SMTP().sendmail", "smtplib.SMTP_SSL().sendmail", "ftplib.FTP().storbinary")
_UPLOADING = re.compile(r"huggingface_hub\.(?:HfApi\(\)\.)?(?:upload_\w+|create_commit)\Z")
_BODIES = frozenset({"data", "json", "content", "files", "body", "params", "fields"})
_HEADERS = frozenset({"headers", "cookies"})
_METHODS = frozenset({"request", "stream"})  # whose first argument is the verb
_HOST = re.compile(r"(?:https?|wss?|ftp)://([^/?#\s]*)", re.IGNORECASE)
_NEAR = re.compile(
    r"localhost|127\.|0\.0\.0\.0|10\.|192\.168\.|\[::1|[^.]*(?::\d+)?\Z|.*\.(?:local|internal)\b"
)
# To whom well-known variables belong; of others the name itself tells it (OPENAI_API_KEY).
_OWNERS = {
    "hf": ("huggingface.co", "hf.co", "hf.space"),
    "huggingface": ("huggingface.co", "hf.co", "hf.space"),
    "hugging": ("huggingface.co", "hf.co", "hf.space"),
    "aws": ("amazonaws.com", "amazonaws.com.cn", "aws.amazon.com"),
    "github": ("github.com", "githubusercontent.com", "ghcr.io"),
    "gh": ("github.com", "githubusercontent.com", "ghcr.io"),
}
_PLAIN_WORDS = """
token secret password passwd pass key api apikey access id auth credential credentials private
client app my service user session bearer value default hub face http https account read write
"""
_PLAIN = frozenset(_PLAIN_WORDS.split())
_UNKNOWN, _HELD = "\x01", "\x02"
_MAX_DEPTH = 12
_MAX_SPELLED = 2000
_SECOND_LEVEL = frozenset({"co", "com", "net", "org", "ac", "gov", "edu"})  # as in example.co.uk


@dataclass(slots=True)
class Secrets:
    """Which names hold which credentials, and where a call sends them."""

    names: Names
    held: dict[str, set[str]] = field(default_factory=dict)

    def within(self, node: ast.AST) -> set[str]:
        """The variables of the environment whose secrets an expression has in it."""
        found: set[str] = set()
        for one in ast.walk(node):
            found |= self._of(one)
        return found

    def sent(self, node: ast.Call, name: str) -> Severity | None:
        """How bad it is what a call sends; None where no credential leaves its service."""
        if name.startswith(_WEB):
            return self._by_web(node)
        given = [*node.args, *(one.value for one in node.keywords if one.arg != "token")]
        if name.startswith(_RAW) or name in _MAIL or _UPLOADING.match(name):
            return Severity.HIGH if any(map(self.within, given)) else None
        return None

    def _by_web(self, node: ast.Call) -> Severity | None:
        address, bodies, headers = _parts(node)
        spelled = self._spelled(address) if address is not None else ""
        match = _HOST.match(spelled)
        host = match[1].rpartition("@")[2].lower() if match else ""
        if _HELD in host:
            return Severity.HIGH
        of_address = self.within(address) if address is not None and match else set()
        of_body = {one for body in bodies for one in self.within(body)}
        of_head = {one for head in headers for one in self.within(head)}
        if not host or _UNKNOWN in host:
            return Severity.MEDIUM if of_body else None
        if _NEAR.match(host):
            return None
        worst = [_owned(one, host) for one in of_address | of_body]
        worst += [_owned(one, host) for one in of_head if _words(one) & _OWNERS.keys()]
        found = [one for one in worst if one is not None]
        return Severity.HIGH if Severity.HIGH in found else found[0] if found else None

    def _of(self, node: ast.AST) -> set[str]:
        if isinstance(node, ast.Name):
            return self.held.get(node.id, set())
        text = ""
        if isinstance(node, ast.Subscript):
            of, _, last = (self.names.resolve(node) or "").rpartition(".")
            text = last if of in {"os.environ", "os.environb"} else ""
        elif isinstance(node, ast.Call):
            name = self.names.resolve(node.func)
            if name in _TOKENS:
                return {"HF_TOKEN"}
            if name in _ASKED and node.args:
                text = self.names.folder.text(node.args[0]) or ""
        return {text} if _SECRET.search(text) else set()

    def _spelled(self, node: ast.AST, depth: int = 0) -> str:
        """An address with one sign for each part that is not known, another for a credential."""
        if depth > _MAX_DEPTH:
            return _UNKNOWN
        if (text := self.names.folder.text(node)) is not None:
            return text[:_MAX_SPELLED]
        if isinstance(node, ast.Name) and node.id in self.names.folder.constants:
            return self._spelled(self.names.folder.constants[node.id], depth + 1)
        parts = _texts_of(node)
        if parts:
            return "".join(self._spelled(one, depth + 1) for one in parts)[:_MAX_SPELLED]
        return _HELD if self.within(node) else _UNKNOWN


def _texts_of(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.JoinedStr):
        return [one.value if isinstance(one, ast.FormattedValue) else one for one in node.values]
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return [node.func.value, *node.args] if node.func.attr == "format" else []
    return []


def _parts(node: ast.Call) -> tuple[ast.expr | None, list[ast.expr], list[ast.expr]]:
    """Address, what is sent, and what stands in its head."""
    last = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    start = 1 if last in _METHODS else 0
    given = {one.arg: one.value for one in node.keywords if one.arg}
    address = given.get("url", node.args[start] if len(node.args) > start else None)
    bodies = [*node.args[start + 1 :], *(given[key] for key in _BODIES & given.keys())]
    return address, bodies, [given[key] for key in _HEADERS & given.keys()]


def _words(variable: str) -> set[str]:
    return set(variable.lower().split("_"))


def _owned(variable: str, host: str) -> Severity | None:
    """None for the service that the credential is for; unknown is whose name tells nothing."""
    words = _words(variable)
    owners = [one for word in words for one in _OWNERS.get(word, ())]
    own = words - _PLAIN - _OWNERS.keys()
    name = f".{host.partition(':')[0]}"
    if any(name.endswith(f".{one}") for one in owners) or _is_of(own, name):
        return None
    return Severity.HIGH if owners or own else Severity.MEDIUM


def _is_of(words: set[str], host: str) -> bool:
    """Whether the domain that was registered begins with one of the words, as googleapis.com."""
    domain = next((one for one in host.split(".")[-2::-1] if one not in _SECOND_LEVEL), "")
    is_one = domain.isalnum()
    return is_one and any(len(one) > 1 and domain.startswith(one) for one in words)


def leaks(variable: str, host: str) -> Severity | None:
    """How bad it is that a variable of the environment goes to a host."""
    if not _SECRET.search(variable):
        return None
    if variable in host:
        return Severity.HIGH
    return None if not host or "${" in host or _NEAR.match(host) else _owned(variable, host.lower())


def secret_holders(held: Iterator[tuple[ast.expr, ast.expr]], secrets: Secrets) -> None:
    """Note which names hold a credential."""
    for target, value in held:
        if found := secrets.within(value):
            for one in ast.walk(target):
                if isinstance(one, ast.Name):
                    secrets.held.setdefault(one.id, set()).update(found)
