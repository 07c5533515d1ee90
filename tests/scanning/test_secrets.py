from __future__ import annotations

import json
import random
import string

import pytest

from scanning.scanners import Severity, Verdict, scanners

LETTERS = string.ascii_letters + string.digits


PICK = random.Random(7)  # noqa: S311


def chars(count: int, alphabet: str = LETTERS) -> str:
    return "".join(PICK.choice(alphabet) for _ in range(count))


TOKENS = {
    "secret_huggingface": "h" + "f_" + chars(34),
    "secret_openai": "sk" + "-proj-" + chars(48),
    "secret_anthropic": "sk" + "-ant-api03-" + chars(80),
    "secret_github": "gh" + "p_" + chars(36),
    "secret_aws": "AK" + "IA" + chars(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    "secret_google": "AI" + "za" + chars(35),
    "secret_slack": "xox" + "b-123456789012-123456789012-" + chars(24),
}
INNOCENT = {
    "docs": "AK" + "IAIOSFODNN7EXAMPLE",
    "placeholder": "h" + "f_" + "x" * 34,
    "words": "task-oriented risk-averse hf_token sk-learn os.system",
    "hash": "sha256:" + "ab12" * 16,
    "vocabulary": json.dumps({f"{chars(6)}{n}": n for n in range(5000)}),
}


@pytest.mark.parametrize("rule", TOKENS)
def test_a_token_is_suspicious_and_never_repeated(scan_bytes, rule):
    report = scan_bytes("secrets", f"line\ntoken: '{TOKENS[rule]}'\n".encode(), "README.md")
    assert report.verdict is Verdict.SUSPICIOUS
    found = {one.rule: one for one in report.findings}
    assert found[rule].severity is Severity.MEDIUM
    assert found[rule].evidence.startswith(f"line 2: {TOKENS[rule][:4]}… (")
    assert TOKENS[rule][5:12] not in json.dumps(report.to_json())
    assert found.keys() <= scanners.get("secrets").rules.keys()


@pytest.mark.parametrize("rule", TOKENS)
@pytest.mark.parametrize(
    ("engine", "name", "content"),
    [
        ("python_code", "a.py", "import os\nos.system('curl -H {}')\n"),
        ("pickle_ops", "a.pkl", "cos\nsystem\n(S'curl {}'\ntR."),
        ("config_code", "a.yaml", "a: !!python/object/apply:os.system ['curl {}']\n"),
    ],
)
def test_no_engine_repeats_a_token_that_it_quotes(scan_bytes, rule, engine, name, content):
    report = scan_bytes(engine, content.format(TOKENS[rule]).encode(), name)
    assert report.verdict is Verdict.UNSAFE
    assert TOKENS[rule][5:12] not in json.dumps(report.to_json())


def test_a_private_key_needs_its_body(scan_bytes):
    head = "-----BEGIN RSA " + "PRIVATE KEY-----\n"
    assert scan_bytes("secrets", head.encode(), "a.md").verdict is Verdict.CLEAN
    assert scan_bytes("secrets", (head + chars(64)).encode(), "a.md").verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize("text", INNOCENT.values(), ids=INNOCENT)
def test_what_only_looks_like_one_is_clean(scan_bytes, text):
    assert scan_bytes("secrets", text.encode(), "tokenizer.json").findings == ()


def test_a_token_on_the_border_of_two_blocks_is_found_once_with_its_line(scan_bytes):
    token = TOKENS["secret_huggingface"]
    text = "\n" * ((4 << 20) - 10) + token + "\n"
    [finding] = scan_bytes("secrets", text.encode(), "a.txt").findings
    assert finding.evidence == f"line {(4 << 20) - 9}: {token[:4]}… (37 characters)"


def test_more_candidates_than_are_tried_are_incomplete_or_found(scan_bytes):
    text = "\n".join(f"sk-{'a' * 20}{n}" for n in range(30_000))
    assert scan_bytes("secrets", text.encode(), "a.txt").verdict is Verdict.INCOMPLETE


def test_a_token_in_the_metadata_of_safetensors_is_found(scan_bytes):
    raw = json.dumps({"__metadata__": {"note": TOKENS["secret_huggingface"]}}).encode()
    content = len(raw).to_bytes(8, "little") + raw
    report = scan_bytes("secrets", content, "model.safetensors")
    assert [one.rule for one in report.findings] == ["secret_huggingface"]
    assert report.covered_bytes == len(content)
    numbers = b"\x02\0\0\0\0\0\0\0{}" + TOKENS["secret_huggingface"].encode()
    assert scan_bytes("secrets", numbers, "model.safetensors").findings == ()
