"""Find credentials in text by detect-secrets' patterns and some of ours; none is ever repeated.

A token that somebody can still use is a reason for a person to look (medium); what may be one by
its form is told (low). Entropy and keyword detectors are left out: vocabularies are full of such.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path, PurePath

from scanning.scanners._sniff import Kind, sniff
from scanning.scanners._tensors.safetensors_text import text_size
from scanning.scanners.base import (
    MEBIBYTE,
    Canary,
    Coverage,
    Finding,
    Report,
    Rule,
    Scanner,
    Severity,
    conclude,
    read_head,
    scanners,
)

_RULES_VERSION = "2"
_CWE = "https://cwe.mitre.org/data/definitions/798.html"
# Rule, title, module and class in detect_secrets.plugins.
_DETECTORS = (
    ("secret_aws", "AWS key", "aws.AWSKeyDetector"),
    ("secret_azure", "Azure storage key", "azure_storage_key.AzureStorageKeyDetector"),
    ("secret_discord", "Discord bot token", "discord.DiscordBotTokenDetector"),
    ("secret_github", "GitHub token", "github_token.GitHubTokenDetector"),
    ("secret_gitlab", "GitLab token", "gitlab_token.GitLabTokenDetector"),
    ("secret_npm", "npm token", "npm.NpmDetector"),
    ("secret_openai", "OpenAI key", "openai.OpenAIDetector"),
    ("secret_pypi", "PyPI token", "pypi_token.PypiTokenDetector"),
    ("secret_sendgrid", "SendGrid key", "sendgrid.SendGridDetector"),
    ("secret_slack", "Slack token", "slack.SlackDetector"),
    ("secret_stripe", "Stripe key", "stripe.StripeDetector"),
    ("secret_telegram", "Telegram bot token", "telegram_token.TelegramBotTokenDetector"),
)
_OURS = (
    ("secret_huggingface", "Hugging Face token", r"\bhf_[A-Za-z0-9]{34,40}\b"),
    ("secret_openai", "OpenAI key", r"\bsk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,200}"),
    ("secret_anthropic", "Anthropic key", r"\bsk-ant-[a-z0-9]+-[A-Za-z0-9_-]{40,200}"),
    ("secret_google", "Google key", r"\bAIza[A-Za-z0-9_-]{35}\b"),
    ("secret_replicate", "Replicate token", r"\br8_[A-Za-z0-9]{37}\b"),
    ("secret_groq", "Groq key", r"\bgsk_[A-Za-z0-9]{52}\b"),
    ("secret_private_key", "Private key",
     r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----(?:\\r|\\n|\s)+(?:[A-Za-z0-9+/=]|\\n|\s){64,400}"),
)  # fmt: skip
# Where one of these stands, the patterns are tried around it; nowhere else can they match.
_WORTH = re.compile(
    r"(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}|AccountKey=|gh[pousr]_\w{20}|github_pat_\w{20}"
    r"|gl[a-z]{2,6}-[\w-]{16}|:_authToken|hf_[A-Za-z0-9]{30}|sk-[\w-]{20}|AIza[\w-]{35}|r8_\w{30}"
    r"|gsk_\w{40}|PRIVATE KEY-----|pypi-AgE|SG\.[\w-]{16}|xox[a-z]-\d|hooks\.slack\.com"
    r"|[rs]k_live_|\d{8,10}:AA[\w-]{30}|[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27}"
    r"|(?i:aws).{0,20}?(?i:key|pwd|pw|password|pass|token).{0,20}?['\"][0-9a-zA-Z/+]{40}['\"]"
)
_PLACEHOLDER = re.compile(
    r"example|your|xxxx|placeholder|dummy|\*\*\*|\.\.\.|0123456789|abcdefgh", re.IGNORECASE
)
_BEFORE, _AFTER = 64, 1024
_BLOCK = 4 * MEBIBYTE
_MIN_VARIETY = 8
_MIN_LENGTH = 16
_MAX_LOOKS = 20_000


@scanners.register
class Secrets(Scanner):
    """Suspicious for a token of a known service, masked to its first characters and its length."""

    slug = "secrets"
    title = "Secrets"
    understands_formats = False
    rules = {rule: Rule(f"Credential: {title}", _CWE) for rule, title, _ in (*_DETECTORS, *_OURS)}

    @property
    def engine(self) -> str:
        return f"secrets/{_RULES_VERSION}+detect-secrets-{version('detect-secrets')}"

    def canary(self) -> Canary:
        return Canary("canary.txt", b"token = h" + b"f_" + b"aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zAbC\n")

    def unavailable(self) -> str:
        found = importlib.util.find_spec("detect_secrets")
        return "" if found else "the detect-secrets package is not installed"

    def handles(self, path: PurePath, head: bytes) -> bool:
        return sniff(head) in {Kind.TEXT, Kind.SAFETENSORS}

    def scan(self, path: Path, name: PurePath) -> Report:
        head, size = read_head(path), path.stat().st_size
        if sniff(head) is Kind.SAFETENSORS:
            size = min(size, text_size(head))  # the rest is numbers
        if size > self.options.max_text_bytes:
            return Report.incomplete("more text than is read", Coverage.PARTIAL)
        findings: dict[tuple[str, str], Finding] = {}
        looks = 0
        for piece, line in _pieces(path, size):
            looks += 1
            if looks > _MAX_LOOKS:
                break
            for rule, title, secret in _secrets(piece):
                found = _finding(rule, title, secret, line)
                findings.setdefault((rule, secret), found)
        gaps = ["more that looks like credentials than is tried"] if looks > _MAX_LOOKS else []
        return conclude(findings.values(), gaps, covered_bytes=0 if gaps else size)


def _finding(rule: str, title: str, secret: str, line: int) -> Finding:
    message = f"has what looks like a credential ({title})"
    return Finding(rule, Severity.MEDIUM, message, f"line {line}: {masked(secret)}")


def masked(secret: str) -> str:
    """Enough to find it, too little to use it."""
    return f"{secret[:4]}… ({len(secret)} characters)"


def _pieces(path: Path, size: int) -> Iterator[tuple[str, int]]:
    """Text around every place worth a look, with its line; blocks overlap by a window."""
    rest, line = "", 1
    with path.open("rb") as file:
        while block := file.read(min(_BLOCK, size - file.tell())):
            text = rest + block.decode("latin-1")
            here, counted = line, 0
            for match in _WORTH.finditer(text):
                here += text.count("\n", counted, match.start())
                counted = match.start()
                yield text[max(0, match.start() - _BEFORE) : match.start() + _AFTER], here
            keep = max(0, len(text) - _BEFORE - _AFTER)
            line += text.count("\n", 0, keep)
            rest = text[keep:]


def _secrets(piece: str) -> Iterator[tuple[str, str, str]]:
    for rule, title, pattern in _patterns():
        for match in pattern.finditer(piece):
            # A group is the token itself, or only its prefix.
            long = [one for one in match.groups() if one and len(one) >= _MIN_LENGTH]
            secret = long[0] if long else match[0]
            if len(set(secret)) >= _MIN_VARIETY and not _PLACEHOLDER.search(secret):
                yield rule, title, secret


@cache
def _patterns() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    found = [(rule, title, re.compile(pattern)) for rule, title, pattern in _OURS]
    for rule, title, place in _DETECTORS:
        module, _, name = place.partition(".")
        plugin = getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), name)
        found += [(rule, title, pattern) for pattern in plugin().denylist]
    return tuple(found)
