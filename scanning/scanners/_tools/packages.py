"""Where lists of requirements take packages from: whoever installs them runs what they bring."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanning.scanners.base import Finding, Rule, Severity

PACKAGE_RULES = {
    "package_source": Rule(
        "Packages from elsewhere", "https://cwe.mitre.org/data/definitions/829.html"
    ),
}

_KNOWN_HOSTS = re.compile(
    r"https://(?:[\w-]+\.)*(?:pypi\.org|pythonhosted\.org|pytorch\.org|pypi\.nvidia\.com|ngc\.nvidia\.com"
    r"|huggingface\.co|anaconda\.org|anaconda\.com|conda\.io|googleapis\.com|openvino\.ai"
    r"|alphacep\.com|jax-releases\.storage\.googleapis\.com|data\.pyg\.org|dist\.vllm\.ai"
    r"|flashinfer\.ai|docs\.sglang\.ai|registry\.npmjs\.org|yarnpkg\.com)(?:[:/]|\Z)"
)
_HOSTED = re.compile(
    r"(?:git\+)?(?:https|ssh)://(?:www\.|git@)?(?:github\.com|gitlab\.com|huggingface\.co)/"
)
_INDEX = re.compile(
    r"""(?:--(?:extra-)?index-url|--find-links|-i\b|-f\b|(?:extra[-_])?index[-_]url|find[-_]links
    |registry|\burl)["']?[\s=:]{1,5}["']?((?:https?|file|ftp)://[^\s"',]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_DIRECT = re.compile(
    r"""(?:git|hg|svn|bzr)\+[a-z]+://[^\s"'#,\]]+|https?://[^\s"'#,\]]+\.(?:whl|zip|tgz|tar\.\w{2,3}|conda)\b
    |(?<=-r\ )https?://\S+|(?:channels[\s:\[]{1,9}|^\s*-\s+)["']?((?:https?|file|ftp)://[^\s"'#,\]]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_UNCHECKED = re.compile(
    r"--trusted-host[ =]\S+|trusted-host\s*=\s*\S+|ssl_verify:\s*(?:false|no)", re.IGNORECASE
)
_MAX_LINES = 100_000


def package_findings(text: str) -> Iterator[Finding]:
    lines = text.splitlines()
    if len(lines) > _MAX_LINES:
        message = "has more lines than are looked at"
        yield Finding("package_source", Severity.MEDIUM, message, f"{len(lines)} lines")
    for number, line in enumerate(lines[:_MAX_LINES], 1):
        plain = re.split(r"(?:^|\s)[#;]", line[:2000], maxsplit=1)[0]
        yield from _line_findings(plain, f"line {number}: ")


def _line_findings(line: str, where: str) -> Iterator[Finding]:
    indexes = [match[1] for match in _INDEX.finditer(line)]
    for url in indexes:
        if not _KNOWN_HOSTS.match(url):
            message = "takes packages from an index of its own"
            yield Finding("package_source", Severity.MEDIUM, message, f"{where}{url}"[:200])
    if match := _UNCHECKED.search(line):
        message = "takes packages from a server that nobody checks"
        yield Finding("package_source", Severity.MEDIUM, message, f"{where}{match[0]}"[:200])
    for match in _DIRECT.finditer(line):
        url = match[1] or match[0]
        if url not in indexes:
            yield _direct(url, where)


def _direct(url: str, where: str) -> Finding:
    evidence = f"{where}{url}"[:200]
    if _HOSTED.match(url) or _KNOWN_HOSTS.match(url):
        message = "takes a package from a repository instead of an index"
        return Finding("package_source", Severity.LOW, message, evidence)
    message = "takes a package from an address of its own"
    return Finding("package_source", Severity.MEDIUM, message, evidence)
