"""Which catalogs of hosted models may be asked, and which kind a hosted model is."""

from __future__ import annotations

import pytest

from catalog.sources.cloud.answer import Details
from catalog.sources.cloud.facts import kind_of
from catalog.sources.cloud.service import check_service
from core.errors import AddressBlockedError, InvalidInputError

URI = "openai/gpt-4o"
ALLOWED = ("catalog.example.org", "other.test:8443", "https://third.test/base", "ftp://x", ":")


@pytest.mark.parametrize(
    "url",
    [
        "https://catalog.example.org",
        "https://Catalog.Example.ORG./v1/",
        "https://other.test:8443/a",
        "http://other.test:8443",
        "https://third.test",
    ],
)
def test_a_service_on_the_list_may_be_asked(url):
    assert check_service(url, ALLOWED) == url.rstrip("/")


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("https://evil.test", AddressBlockedError),
        ("https://[", AddressBlockedError),
        ("https://catalog.example.org.evil.test", AddressBlockedError),
        ("http://catalog.example.org", AddressBlockedError),
        ("https://catalog.example.org:8443", AddressBlockedError),
        ("https://other.test", AddressBlockedError),
        ("http://169.254.169.254/latest", AddressBlockedError),
        ("https://catalog.example.org@evil.test", InvalidInputError),
        ("https://user@catalog.example.org", InvalidInputError),
        ("https://catalog.example.org?x=1", InvalidInputError),
        ("https://catalog.example.org#x", InvalidInputError),
        ("ftp://catalog.example.org", InvalidInputError),
        ("catalog.example.org", InvalidInputError),
        ("", InvalidInputError),
    ],
)
def test_any_other_service_is_refused(url, error):
    with pytest.raises(error) as caught:
        check_service(url, ALLOWED)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ({"endpoints": ["/v1/embeddings"], "modality": ["text_input"]}, "embedding"),
        ({"endpoints": ["/v1/rerank"]}, "reranker"),
        ({"endpoints": ["/v1/moderations"], "modality": ["text_output"]}, "classifier"),
        ({"modality": ["text_input", "text_output"]}, "llm"),
        ({"modality": ["text_input", "image_output"]}, "image"),
        ({"modality": ["text_input", "audio_output"]}, "audio"),
        ({}, "other"),
    ],
)
def test_the_kind_is_what_it_can_be_asked(words, kind):
    assert kind_of(Details(uri=URI, **words)) == kind
