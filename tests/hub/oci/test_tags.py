"""What a tag means, from paths alone."""

from __future__ import annotations

import pytest

from core.errors import InvalidInputError
from hub.oci.tags import Chosen, all_chosen, choose

MANY = ["a-Q8_0.gguf", "a-Q4_K_M.gguf", "a-F16.gguf", "README.md", "model.safetensors"]
SEEING = ["a-Q4_K_M.gguf", "a-Q8_0.gguf", "mmproj-a-F16.gguf", "mmproj-a-Q8_0.gguf"]
PARTS = ["a-Q8_0-00001-of-00002.gguf", "a-Q8_0-00002-of-00002.gguf", "a-Q4_0.gguf"]
TWINS = ["a-Q4_K_M.gguf", "a-Q4_K_M-imat.gguf"]


@pytest.mark.parametrize(
    ("tag", "paths", "weights", "projector"),
    [
        ("latest", MANY, "a-Q4_K_M.gguf", ""),
        ("Q8_0", MANY, "a-Q8_0.gguf", ""),
        ("q8_0", MANY, "a-Q8_0.gguf", ""),
        ("F16", MANY, "a-F16.gguf", ""),
        ("a-F16.gguf", MANY, "a-F16.gguf", ""),
        ("a-F16", MANY, "a-F16.gguf", ""),
        ("latest", ["odd.gguf"], "odd.gguf", ""),
        ("Q4_K_M", SEEING, "a-Q4_K_M.gguf", "mmproj-a-F16.gguf"),
        ("Q8_0", SEEING, "a-Q8_0.gguf", "mmproj-a-Q8_0.gguf"),
        ("latest", PARTS, "a-Q4_0.gguf", ""),
        ("Q4_K_M", TWINS, "a-Q4_K_M.gguf", ""),
        ("a-Q4_K_M-imat", TWINS, "a-Q4_K_M-imat.gguf", ""),
        ("Q8_0", ["Q8_0/a-Q8_0.gguf", "b-Q4_0.gguf"], "Q8_0/a-Q8_0.gguf", ""),
        ("A.GGUF", ["A.GGUF"], "A.GGUF", ""),
    ],
)
def test_a_tag_is_one_file_and_what_it_sees_with(tag, paths, weights, projector):
    assert choose(tag, paths) == Chosen(weights, projector)


@pytest.mark.parametrize(
    ("tag", "paths", "words"),
    [
        ("latest", ["model.safetensors"], "no GGUF"),
        ("latest", ["mmproj-F16.gguf"], "no GGUF"),
        ("Q2_K", MANY, "no 'Q2_K' here. There are: F16, Q4_K_M, Q8_0"),
        ("v9", ["odd.gguf", "even.gguf"], "There are: even.gguf, odd.gguf"),
        ("Q8_0", PARTS, "llama-gguf-split"),
        ("Q4_0", ["a-Q4_0-x.gguf", "a-Q4_0-y.gguf"], "Name one of them"),
        ("latest", ["one/a.gguf", "two/a.gguf"], "Name one of them"),
    ],
)
def test_what_is_no_single_file_says_what_there_is(tag, paths, words):
    with pytest.raises(InvalidInputError, match=words):
        choose(tag, paths)


@pytest.mark.parametrize("paths", [MANY, SEEING, TWINS, ["one/a.gguf", "two/a.gguf"]])
def test_every_tag_is_among_all_that_could_be_meant(paths):
    known = set(all_chosen(paths))
    for tag in ("latest", "Q4_K_M", "Q8_0", "F16", *paths):
        try:
            assert choose(tag, paths) in known
        except InvalidInputError:
            continue
    assert len(known) == len(
        [path for path in paths if path.endswith("gguf") and "mmproj" not in path]
    )


def test_parts_are_never_meant():
    assert [one.weights for one in all_chosen(PARTS)] == ["a-Q4_0.gguf"]
