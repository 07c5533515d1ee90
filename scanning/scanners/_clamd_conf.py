"""Configuration of a clamd that admits when it did not look: for `make up` and the tests.

Stock limits call a 150 MB file clean without reading it to the end; `AlertExceedsMax` makes every
limit that is hit an answer, which the scanner reads as incomplete.
"""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import InvalidInputError


def render_clamd_conf(*, socket: Path, database: Path, scratch: Path, user: str = "") -> str:
    """Text of clamd.conf; `user` is whom clamd becomes when it is started by root."""
    values = [str(socket), str(database), str(scratch), user]
    if any(set(value) & set('\n\r"') for value in values):
        raise InvalidInputError("clamd.conf cannot hold a quote or a line break in a path")
    lines = [
        "Foreground yes",
        f'LocalSocket "{socket}"',
        "LocalSocketMode 660",
        "FixStaleSocket yes",
        f'DatabaseDirectory "{database}"',
        f'TemporaryDirectory "{scratch}"',
        "StreamMaxLength 4095M",
        "MaxScanSize 4095M",
        "MaxFileSize 2047M",
        "MaxScanTime 0",
        "MaxRecursion 17",
        "MaxFiles 100000",
        "AlertExceedsMax yes",
        "AlertEncrypted no",
        "ReadTimeout 300",
        "CommandReadTimeout 60",
        "DisableCache yes",  # a content comes once; answers of before cost a sixth of the rate
        f"MaxThreads {max(4, os.cpu_count() or 1)}",
        "LogTime yes",
        "ExitOnOOM yes",
        *([f"User {user}"] if user else []),
    ]
    return "\n".join(lines) + "\n"
