"""The model's own repository, website and logo among the many links of others."""

from __future__ import annotations

import pytest

from catalog.cards.addresses import https_at, web_address
from tests.catalog.cards.reading import PLACE, analysed

OTHERS = (
    "Runs with [vLLM](https://github.com/vllm-project/vllm) and"
    " https://github.com/ggml-org/llama.cpp.\n\n"
)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("- **Repository:** https://github.com/else/where", "https://github.com/else/where"),
        ("- Code: <https://github.com/else/where/tree/main/src>", "https://github.com/else/where"),
        ("| Repository | [else/where](https://github.com/else/where.git) |\n",
         "https://github.com/else/where"),
        ("[GitHub](https://github.com/else/where) | [Blog](https://x.org)",
         "https://github.com/else/where"),
        ("released in [this repository](https://github.com/acme-labs/things)",
         "https://github.com/acme-labs/things"),
        ("as [told](https://github.com/nobody/Tiny-Chat)", "https://github.com/nobody/Tiny-Chat"),
        ("<a href='https://github.com/else/where'><img alt='GitHub' src='https://img.shields.io'></a>",
         "https://github.com/else/where"),
        ("[![b](https://github.com/acme/ci/actions/workflows/a/badge.svg)](https://x.org)", None),
        ("[acme](https://github.com/acme) [x](https://github.com/orgs/acme/people)", None),
        ("## Installation\n\nfrom [GitHub](https://github.com/tool/tool)", None),
        ("https://github.com.evil.example/acme/tiny-chat-1b", None),
    ],
)  # fmt: skip
def test_the_own_repository_is_told_from_those_of_others(text, url):
    lead = "" if text.startswith("|") else OTHERS
    table = "| a | b |\n|---|---|\n" if text.startswith("|") else ""
    found = analysed(lead + table + text).github_url
    assert (found.url if found else None) == url


def test_the_better_sign_wins_and_says_where_it_stands():
    text = (
        OTHERS
        + "[code](https://github.com/else/demo)\n\n**Repository:** https://github.com/acme/x\n"
    )
    found = analysed(text).github_url
    assert found.url == "https://github.com/acme/x"
    assert text[found.evidence.start : found.evidence.end].startswith("**Repository:**")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("- **Website:** https://tiny.example.org/about", "https://tiny.example.org/about"),
        ("[Project page](https://tiny.example.org)", "https://tiny.example.org"),
        ("[🏠 Homepage](https://tiny.example.org)", "https://tiny.example.org"),
        ("by [us](https://www.acme.ai/models), see [terms](https://acme.ai/a/b/c)",
         "https://www.acme.ai/"),
        ("chat at https://chat.acme.ai", None),
        ("**Website:** [hub](https://huggingface.co/acme)", None),
        ("a [blog](https://medium.com/acme) and [docs](https://acme.readthedocs.io/)", None),
        ("[Website](javascript:alert(1)) [Website](ftp://acme.ai)", None),
    ],
)  # fmt: skip
def test_the_website_is_the_one_that_is_called_so_or_the_organization_s(text, url):
    found = analysed(text).website_url
    assert (found.url if found else None) == url


BADGE = "[![License](https://img.shields.io/badge/license-mit-logo.svg)](LICENSE)\n\n"
FILES = "https://example.org/acme/tiny-chat-1b/resolve/abc"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("![Tiny logo](https://x.org/a.png)", "https://x.org/a.png"),
        ("![](assets/logo.svg)", f"{FILES}/assets/logo.svg"),
        ("<img src='./img/my logo.png' width=10>", f"{FILES}/img/my%20logo.png"),
        ("<div align=center>\n<img class='brand' src='https://x.org/a.png'>\n</div>",
         "https://x.org/a.png"),
        ("![chart](results.png)\n\n![banner](banner.jpg)", f"{FILES}/banner.jpg"),
        ("![Tiny Chat](https://x.org/hero.png)", "https://x.org/hero.png"),
        ("![Acme](https://x.org/hero.png)", "https://x.org/hero.png"),
        ("---\nthumbnail: https://x.org/t.png\n---\nText.", "https://x.org/t.png"),
        ("## Results\n\n![Tiny Chat](curve.png)", None),
        ("![logo](http://x.org/a.png)", None),
        ("![logo](data:image/png;base64,AAAA)", None),
        ("![logo](../../secret/logo.png)", None),
        ("![logo](//x.org/logo.png)", None),
        ("![logo](https://user:pw@x.org/logo.png)", None),
        ("![dialogue](dialogue.png)", None),
    ],
)  # fmt: skip
def test_the_logo_is_the_first_image_that_looks_like_one(text, url):
    lead = "" if text.startswith("---") else BADGE
    found = analysed(lead + text).logo_url
    assert (found.url if found else None) == url


def test_an_image_of_the_repository_needs_an_address_of_its_files():
    assert analysed("![logo](logo.png)", PLACE.__class__("acme/x")).logo_url is None


@pytest.mark.parametrize(
    "url",
    ["", "x", "https://", "https://a b.org", "https://[::1", "https://x.org:0a/", "mailto:a@b.org",
     "https://localhost/x", "https://x.org/\u202e", "https://x.org/<b>",
     "https://x.org/" + "a" * 600,
     "https://аррӏе.com"],
)  # fmt: skip
def test_addresses_that_are_none_are_refused(url):
    assert web_address(url) is None


@pytest.mark.parametrize(
    "src", ["", "/", "a/../b.png", "..\\b.png", "c:/x.png", "a//b.png", "./.."]
)
def test_no_file_name_leads_out_of_the_repository(src):
    assert https_at(src, FILES) is None
