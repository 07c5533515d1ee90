"""Lines of shell and batch scripts that no honest set-up has; a script is never understood."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanning.scanners.base import Finding, Severity

_MAX_LINES = 200_000
# Gaps are bounded: one line may have thousands of places where a pattern could begin.
_DANGERS = {
    "runs what it fetches": (
        r"\b(curl|wget|iwr|invoke-webrequest|fetch)\b[^|;]{0,300}\|\s*(sudo\s+)?(ba|z|da|k)?sh\b",
        r"\b(curl|wget)\b[^|]{0,300}\|\s*(sudo\s+)?(python3?|perl|ruby|node)\b",
        r"\b(ba|z|da)?sh\s+(-c\s+)?[\"']?(<\(|\$\()\s*(curl|wget)\b",
        r"downloadstring\(|powershell.{0,300}\s-(e|enc|encodedcommand)\b|\biex\b.{0,300}\biwr\b",
        r"certutil.{0,300}-(urlcache|decode)|\bmshta\s+http|bitsadmin\s+/transfer",
        r"rundll32.{0,300}javascript:",
    ),
    "runs what it decodes": (
        r"\b(base64\s+(-d|--decode)|xxd\s+-r|openssl\s+enc\s+-d)\b.{0,300}\|\s*(ba|z|da)?sh\b",
        r"\beval\b.{0,300}(base64|xxd|\$\(\s*(curl|wget))",
    ),
    "opens a shell to another machine": (
        r"/dev/(tcp|udp)/|\b(nc|ncat|netcat)\b.{0,300}\s-[a-z]{0,9}[ec]\b|\bsocat\b.{0,300}\bexec:",
    ),
    "deletes what is not its own": (
        r"\brm\s+-(?=[a-z]{0,9}r)[a-z]{1,10}\s+(/|~|\$HOME)/?(\s|\*|$)|\bmkfs\.",
        r"\bdd\b.{0,300}\bof=/dev/[sh]d",
    ),
    "stays on the machine": (
        r">>?\s*(~|\$HOME|/\w+(/\w+)?)/\.(bashrc|profile|zshrc|ssh/authorized_keys)",
        r"\bcrontab\s+-\s*$|>>?\s*/etc/(cron|ld\.so\.preload|sudoers|passwd)",
    ),
}
_PATTERNS = tuple(
    (re.compile(one, re.IGNORECASE), words) for words, many in _DANGERS.items() for one in many
)
_MAX_LINE = 4096


def shell_findings(text: str, location: str = "") -> Iterator[Finding]:
    """Findings by line; of a longer line its start is looked at, in pieces that overlap."""
    lines = text.splitlines()
    if len(lines) > _MAX_LINES:
        message = "has more lines than are looked at"
        yield Finding("script_danger", Severity.MEDIUM, message, f"{len(lines)} lines", location)
    for number, line in enumerate(lines[:_MAX_LINES], 1):
        for piece in _pieces(line):
            for pattern, words in _PATTERNS:
                if match := pattern.search(piece):
                    evidence = f"line {number}: {match[0][:160]}"
                    yield Finding("script_danger", Severity.HIGH, words, evidence, location)


def _pieces(line: str) -> Iterator[str]:
    if line.lstrip().startswith(("#", "REM ", "rem ", "::")):
        return
    for start in range(0, max(1, len(line)), _MAX_LINE // 2):
        yield line[start : start + _MAX_LINE]
