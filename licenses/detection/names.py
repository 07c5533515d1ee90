"""Which files state license terms, told by their names alone."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

MAX_TEXT = 256 * 1024
MAX_FILES = 16
TOO_LARGE = f"is larger than {MAX_TEXT // 1024} KiB and was not read"
_NAME = re.compile(
    r"^(?:[\w.-]*[-_.])?(?:un)?licen[sc]es?(?:[-_.][\w.-]*)?$|^copying(?:[-_.][\w.-]*)?$"
    r"|^notices?(?:[-_.][\w.-]*)?$|^(?:acceptable[-_])?use[-_]policy(?:[-_.][\w.-]*)?$"
    r"|^terms(?:[-_]of[-_](?:use|service))?(?:\.[\w]*)?$|^eula(?:[-_.][\w.-]*)?$",
    re.IGNORECASE,
)
_NOT_TEXT = re.compile(
    r"\.(?:py|json|[jt]s|c|h|cpp|svg|safetensors|bin|pt|onnx|gguf)$", re.IGNORECASE
)
_NAME_LIMIT = 255


def is_license_file(path: str) -> bool:
    """Tell by its name whether a file states license terms (LICENSE, COPYING, NOTICE, …)."""
    name = PurePosixPath(path).name
    return len(name) <= _NAME_LIMIT and bool(_NAME.match(name)) and not _NOT_TEXT.search(name)


def states_terms(path: str, link: object) -> bool:
    """Tell whether a file is a license file by its name, or the one that the card links."""
    linked = link.strip().removeprefix("./") if isinstance(link, str) else ""
    return is_license_file(path) or (bool(path) and path == linked)
