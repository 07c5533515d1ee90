from __future__ import annotations

import pytest

from catalog.sources.hf.references import read_reference

HUB = "https://hub.test:8443/hf"
SHA = "a" * 40


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("org/name", ("org/name", None)),
        ("  org/name\n", ("org/name", None)),
        ("org/name@v1.0", ("org/name", "v1.0")),
        (f"org/name@{SHA}", ("org/name", SHA)),
        ("org/name@refs/pr/1", ("org/name", "refs/pr/1")),
        ("hf://org/name", ("org/name", None)),
        ("hf://models/org/name@dev", ("org/name", "dev")),
        ("hf://gpt2", ("gpt2", None)),
        ("https://huggingface.co/org/name", ("org/name", None)),
        ("https://huggingface.co/org/name/", ("org/name", None)),
        ("https://huggingface.co/gpt2", ("gpt2", None)),
        ("huggingface.co/org/name", ("org/name", None)),
        ("https://hf.co/org/name?library=x#usage", ("org/name", None)),
        ("https://huggingface.co/org/name/tree/main", ("org/name", "main")),
        (f"https://huggingface.co/org/name/tree/{SHA}/sub/dir", ("org/name", SHA)),
        ("https://huggingface.co/org/name/tree/refs%2Fpr%2F1", ("org/name", "refs/pr/1")),
        ("https://huggingface.co/org/name/tree/refs/pr/1/sub", ("org/name", "refs/pr/1")),
        ("https://huggingface.co/org/name/tree/feature%2Fx", ("org/name", "feature/x")),
        ("https://huggingface.co/org/name/resolve/main/config.json", ("org/name", "main")),
        ("https://huggingface.co/org/name/blob/v1/README.md", ("org/name", "v1")),
        (f"https://huggingface.co/org/name/commit/{SHA}", ("org/name", SHA)),
        ("https://huggingface.co/api/models/org/name/revision/dev", ("org/name", "dev")),
        ("https://hub.test:8443/hf/org/name/tree/main", ("org/name", "main")),
        ("hf download org/name", ("org/name", None)),
        ("hf download org/name config.json --revision v2", ("org/name", "v2")),
        ("hf download --revision=v2 org/name --local-dir 'my dir'", ("org/name", "v2")),
        ("hf download --quiet org/name", ("org/name", None)),
        ("huggingface-cli download org/name --repo-type model", ("org/name", None)),
    ],
)
def test_what_people_paste_is_read(text, found):
    assert read_reference(text, HUB) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gpt2",
        "org/name/file.bin",
        "org//name",
        "../etc/passwd",
        "org/..",
        "org/na me",
        "org/name@",
        "org/name@../x",
        "org/name@-rf",
        "org/--name",
        "org/name.git",
        "/org/name",
        "org/name\x00",
        "org/" + "n" * 200,
        "https://huggingface.co/",
        "https://huggingface.co/datasets/org/name",
        "https://huggingface.co/spaces/org/name",
        "https://huggingface.co/docs/hub",
        "https://huggingface.co.evil.test/org/name",
        "https://hub.test/org/name",
        "https://[/org/name",
        "ftp://huggingface.co/org/name",
        "hf download org/name --repo-type dataset",
        "hf upload org/name",
        "hf download 'org/name",
        "hf download",
        "rm -rf /",
    ],
)
def test_what_names_no_model_of_the_hub_is_not_ours(text):
    assert read_reference(text, HUB) is None
