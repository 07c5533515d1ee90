"""Hold files to a policy: programs and installers by their bytes, endings and sizes by a list.

Programs under their own name are suspicious; a program that calls itself a model is unsafe. The
policy (`FilePolicy`) is data; what it says is part of the engine's version.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePath

from scanning.scanners._code.rules import CODE_RULES
from scanning.scanners._code.shell import shell_findings
from scanning.scanners._documents import actions, is_document
from scanning.scanners._executables import EICAR, is_named_program, program_kind
from scanning.scanners._sniff import CODE_SUFFIXES, Kind, sniff
from scanning.scanners.base import (
    HEAD_BYTES,
    Canary,
    Finding,
    Report,
    Rule,
    Scanner,
    Severity,
    conclude,
    scanners,
)

_PYTHON = frozenset({".py", ".pyw", ".pyi", ".ipynb"})
_LLAMAFILE = ".llamafile"
_MAX_SCRIPT = 8 << 20
_PART = re.compile(r"(?:-\d{5}-of-\d{5}|(?<=onnx_data)_\d+)\Z")  # one of several files
_CWE = "https://cwe.mitre.org/data/definitions/{}.html"


@scanners.register
class FileRules(Scanner):
    """Looks at the name, the size and the first bytes of every file, and at scripts whole."""

    slug = "file_rules"
    title = "File rules"
    understands_formats = False
    rules = {
        "program": Rule("Program, library or installer", _CWE.format(829)),
        "disguised_program": Rule("Program under another name", _CWE.format(646)),
        "test_virus": Rule(
            "EICAR test file", "https://www.eicar.org/download-anti-malware-testfile/"
        ),
        "ending_not_listed": Rule("Ending that is not on the list", _CWE.format(434)),
        "too_large": Rule("Larger than the policy allows", _CWE.format(400)),
        "document_acts": Rule("A document acts by itself", _CWE.format(94)),
        "script": CODE_RULES["script"],
        "script_danger": CODE_RULES["script_danger"],
    }

    @property
    def engine(self) -> str:
        policy = json.dumps(self.options.file_policy.to_json(), sort_keys=True).encode()
        return f"file_rules/3+{hashlib.sha256(policy).hexdigest()[:8]}"

    def canary(self) -> Canary:
        return Canary("canary.bin", b"\x7fELF" + bytes(60))

    def variant(self, name: PurePath) -> str:
        """The ending decides what bytes may be."""
        own = "program" if is_named_program(name) else ""
        return f"{name.suffix.lower()[:40]}{own and ' '}{own}"

    def handles(self, path: PurePath, head: bytes) -> bool:
        return True

    def scan(self, path: Path, name: PurePath) -> Report:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        size = path.stat().st_size
        findings = [*_program(head, name), *self._policy(name, size), *_script(path, head, name)]
        findings += _document(path, head)
        is_long = size > _MAX_SCRIPT and any(one.rule == "script" for one in findings)
        gaps = [f"of a script the first {_MAX_SCRIPT} bytes are looked at"] if is_long else []
        return conclude(findings, gaps, covered_bytes=_MAX_SCRIPT if is_long else size)

    def _policy(self, name: PurePath, size: int) -> Iterator[Finding]:
        policy, suffix = self.options.file_policy, _PART.sub("", name.suffix.lower())
        if suffix in policy.refused:
            message = f"has the ending {suffix}, which the policy refuses"
            yield Finding("program", Severity.MEDIUM, message, name.name[:200])
        elif policy.allowed and suffix not in policy.allowed:
            message = "has an ending that is not on the policy's list"
            yield Finding("ending_not_listed", Severity.LOW, message, name.name[:200])
        limit = min(policy.max_bytes, policy.max_bytes_of.get(suffix, policy.max_bytes))
        if size > limit:
            message = f"has {size} bytes, more than the {limit} that the policy allows"
            yield Finding("too_large", Severity.MEDIUM, message)


def _program(head: bytes, name: PurePath) -> Iterator[Finding]:
    if head.startswith(EICAR):
        message = "is the test file that every scanner must report"
        yield Finding("test_virus", Severity.CRITICAL, message)
    kind = program_kind(head)
    if not kind:
        return
    if is_named_program(name) or not name.suffix or name.suffix.lower() == _LLAMAFILE:
        yield Finding("program", Severity.MEDIUM, f"is a program ({kind})", name.name[:200])
    else:
        message = f"is a program ({kind}) under the name of something else"
        yield Finding("disguised_program", Severity.HIGH, message, name.name[:200])


def _document(path: Path, head: bytes) -> Iterator[Finding]:
    if not is_document(head):
        return
    with path.open("rb") as file:
        found = actions(file)
    if found:
        message = "is a PDF that acts by itself, or brings files along"
        yield Finding("document_acts", Severity.MEDIUM, message, ", ".join(found))


def _script(path: Path, head: bytes, name: PurePath) -> Iterator[Finding]:
    """A script in another language than Python is not followed, so it is never clean."""
    suffix = name.suffix.lower()
    begins = head.startswith(b"#!") and b"python" not in head.partition(b"\n")[0]
    if suffix in _PYTHON or not (begins or suffix in CODE_SUFFIXES) or sniff(head) is not Kind.TEXT:
        return
    words = head.partition(b"\n")[0].decode("utf-8", "replace")[:80]
    message = "is a script in a language that is not followed"
    yield Finding("script", Severity.MEDIUM, message, words)
    with path.open("rb") as file:
        yield from shell_findings(file.read(_MAX_SCRIPT).decode("utf-8", "replace"))
