"""What a call sends away of the reader's environment, and to whom."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from scanning.scanners._code.names import Names

_COLLECTORS = re.compile(
    r"https?://(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\])[:/]|webhook\.site|discord(?:app)?\.com/api"
    r"/webhooks|api\.telegram\.org/bot|\bngrok\b|pastebin\.com|burpcollaborator|\.oast\.|interact\.sh"
    r"|requestbin|pipedream\.net|transfer\.sh|\.onion\b|hooks\.slack\.com|canarytokens",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?!0\.|10\.|127\.|192\.168\.|172\.)\d{1,3}(?:\.\d{1,3}){3}")
_OWN_ADDRESS = re.compile(r"https?://(?:127\.0\.0\.1|0\.0\.0\.0|10\.|192\.168\.)")
_WHOLE = frozenset({"os.environ", "os.environb", "os.environ.copy"})
# Without one of these words nobody comes by the whole environment.
REACHING_ENVIRONMENT = frozenset(
    {
        "environ",
        "environb",
        "getattr",
        "vars",
        "__dict__",
        "modules",
        "attrgetter",
        "__getattribute__",
    }
)


def goes_to_collector(texts: list[str], *, is_raw: bool) -> bool:
    """To a bare address, or to a service that takes in what anybody sends."""
    if is_raw and any(_ADDRESS.fullmatch(one) for one in texts):
        return True
    text = " ".join(texts)
    return bool(_COLLECTORS.search(text)) and not _OWN_ADDRESS.search(text)


def sends_environment(node: ast.AST, names: Names, held: set[str]) -> bool:
    """The whole environment, by itself or by a name that holds it; not one variable of it."""
    return any(
        (isinstance(one, ast.Name) and one.id in held) or names.resolve(one) in _WHOLE
        for one in _values(node)
    )


def _values(node: ast.AST) -> Iterator[ast.AST]:
    """Names and attributes that stand for themselves, not for a part that is taken of them."""
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, ast.Subscript):
            pending.append(current.slice)
            continue
        if isinstance(current, ast.Call) and _takes_one(current.func):
            pending += current.args
            continue
        if isinstance(current, ast.Name | ast.Attribute):
            yield current
        pending += ast.iter_child_nodes(current)


def _takes_one(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr in {"get", "pop", "setdefault"}
