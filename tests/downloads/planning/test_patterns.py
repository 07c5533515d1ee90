"""Patterns mean here what they mean to the client of the Hub."""

from __future__ import annotations

import pytest
from huggingface_hub.utils import filter_repo_objects

from core.errors import InvalidInputError
from downloads.planning.patterns import matches, read_patterns
from tests.downloads.planning import listings

PATHS = sorted({*listings.BERT, *listings.XL, *listings.SPLIT, *listings.LLAMA, "a b/c.JSON"})


@pytest.mark.parametrize(
    "pattern",
    [
        "*.safetensors", "unet/", "unet/*", "*/config.json", "config.json", "*.json", "*.JSON",
        "model-0000[12]-*", "model-?????-of-00004.safetensors", "**/*.onnx", "[!m]*", "Q4_K_M\\",
        "*", "nothing", "original", "a b/",
    ],
)  # fmt: skip
def test_a_pattern_takes_what_the_client_of_the_hub_would_take(pattern):
    theirs = list(filter_repo_objects(PATHS, allow_patterns=[pattern]))
    ours = [path for path in PATHS if matches(path, read_patterns([pattern], field="include"))]
    assert ours == theirs


def test_text_holds_one_pattern_on_each_line_or_between_commas():
    assert read_patterns(" *.gguf, a/ \n\n*.json\r\n*.gguf", field="include") == (
        "*.gguf",
        "a/*",
        "*.json",
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["a"] * 1 + [f"p{n}" for n in range(60)], "at most 50"),
        (["x" * 201], "at most 200 characters"),
        (["a\x00b"], "characters that no path has"),
        (["/etc/passwd"], "matches nothing"),
        (["../secrets/*"], "matches nothing"),
    ],
)
def test_what_can_be_no_pattern_is_refused_with_the_field(given, words):
    with pytest.raises(InvalidInputError, match=words) as caught:
        read_patterns(given, field="exclude")
    assert caught.value.details["field"] == "exclude"
