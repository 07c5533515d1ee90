from __future__ import annotations

import pytest

from catalog.sources.base import ModelRef, SourceOptions
from catalog.sources.civit.references import read_reference
from catalog.sources.civitai import CivitAI

MIRROR = "https://mirror.test:8443/civ"
COMMIT = "ab" * 14 + "000000067890"
BY_VERSION = ("model-versions/67890", "67890")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("civitai:12345", ("12345", None)),
        ("  civitai:12345@67890\n", ("12345", "67890")),
        (f"civitai:12345@{COMMIT}", ("12345", COMMIT)),
        ("civitai:model-versions/67890", BY_VERSION),
        ("civitai:model-versions/67890@67890", BY_VERSION),
        ("urn:air:sdxl:checkpoint:civitai:827184@2514310", ("827184", "2514310")),
        ("air:sd1:lora:civitai:12345", ("12345", None)),
        ("https://civitai.com/models/12345", ("12345", None)),
        ("https://civitai.com/models/12345/", ("12345", None)),
        ("https://civitai.com/models/12345/slug?modelVersionId=67890", ("12345", "67890")),
        ("https://civitai.com/models/12345?modelVersionId=67890&x=1#a", ("12345", "67890")),
        ("civitai.com/models/12345/a-slug", ("12345", None)),
        ("https://civitai.red/models/12345/slug", ("12345", None)),
        ("https://civitai.com/model-versions/67890", BY_VERSION),
        ("https://civitai.com/api/download/models/67890", BY_VERSION),
        ("https://civitai.com/api/download/models/67890?type=Model&token=s3cret", BY_VERSION),
        ("https://civitai.com/api/v1/models/12345", ("12345", None)),
        ("https://civitai.com/api/v1/model-versions/67890", BY_VERSION),
        ("https://mirror.test:8443/civ/models/12345/x", ("12345", None)),
        ("https://mirror.test:8443/civ/api/download/models/67890", BY_VERSION),
    ],
)
def test_what_people_paste_is_read(text, found):
    assert read_reference(text, MIRROR) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345",
        "civitai:",
        "civitai:0",
        "civitai:007",
        "civitai:12345@",
        "civitai:12345@main",
        "civitai:12345@../x",
        "civitai:12345\x00",
        "civitai:1234567890123",
        "civitai:" + "1" * 3000,
        "urn:air:sdxl:checkpoint:huggingface:org/name",
        "https://civitai.com/",
        "https://civitai.com/models",
        "https://civitai.com/models/slug",
        "https://civitai.com/images/12345",
        "https://civitai.com/models/12345?modelVersionId=x",
        "https://civitai.com/api/download/models/67890/../../x",
        "https://civitai.com.evil.test/models/12345",
        "https://mirror.test/models/12345",
        "https://[/models/12345",
        "ftp://civitai.com/models/12345",
        "org/name",
    ],
)
def test_what_names_nothing_of_civitai_is_not_ours(text):
    assert read_reference(text, MIRROR) is None


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (("12345", ""), ("12345", None)),
        (("12345", "67890"), ("12345", "67890")),
        (("model-versions/67890", "67890"), BY_VERSION),
        (("civitai:12345", COMMIT), ("12345", COMMIT)),
        (("https://civitai.com/models/12345", "67890"), ("12345", "67890")),
        (("civitai:12345@1", "2"), None),
        (("12345", "main"), None),
        (("org/name", ""), None),
    ],
)
def test_words_given_one_by_one_are_read(given, found):
    with CivitAI(SourceOptions()) as source:
        assert source.named(*given) == (ModelRef("civitai", *found) if found else None)


def test_the_page_of_a_commit_is_that_of_its_version():
    address = "https://civitai.com/models/12345?modelVersionId=67890"
    assert CivitAI.page("12345", COMMIT) == address
    assert CivitAI.page("12345", "main") == CivitAI.page("a/b", COMMIT) == ""
