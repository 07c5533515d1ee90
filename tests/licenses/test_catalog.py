from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from license_expression import get_license_index

from licenses.detection.card import read_card
from licenses.detection.catalog import find_by_link, find_license, licenses, read_terms
from licenses.detection.classes import LicenseClass

CARDS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus" / "metadata" / "card"
# What the Hub offers as `license:` (its documentation, read in 2026), with the class we give it.
HUB_TAGS = {
    "permissive": """apache-2.0 mit afl-3.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear
        cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cdla-permissive-1.0 cdla-permissive-2.0
        wtfpl ecl-2.0 etalab-2.0 isc odc-by postgresql ncsa unlicense zlib pddl apple-ascl
        openmdw-1.0""",
    "copyleft": """artistic-2.0 cc-by-sa-3.0 cc-by-sa-4.0 cdla-sharing-1.0 epl-1.0 epl-2.0 eupl-1.1
        eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 lppl-1.3c ms-pl mpl-2.0
        odbl osl-3.0 ofl-1.1 lgpl-lr""",
    "restricted": """openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
        bigcode-openrail-m openrail++ c-uda cc-by-nd-4.0 llama2 llama3 llama3.1 llama3.2 llama3.3
        llama4 gemma grok2-community""",
    "non-commercial": """cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0
        cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 deepfloyd-if-license apple-amlr
        fair-noncommercial-research-license intel-research h-research""",
    "unknown": "cc other unknown",
}
TAGS = [(tag, name) for name, tags in HUB_TAGS.items() for tag in tags.split()]


@pytest.mark.parametrize(("tag", "license_class"), TAGS)
def test_every_tag_of_the_hub_has_its_class(tag, license_class):
    assert find_license(tag).license_class == license_class


@pytest.mark.parametrize(
    ("name", "spdx"),
    [
        ("Apache-2.0", "Apache-2.0"),
        ("APACHE 2.0", "Apache-2.0"),
        ("  mit\n", "MIT"),
        ("\uff2d\uff29\uff34", "MIT"),
        ("M\x00I\x00T", None),
        ("mit\x00", "MIT"),
        ("Llama3.1", "LicenseRef-Llama-3.1"),
        ("gpl-3.0", "GPL-3.0-only"),
        ("GPL-3.0-or-later", "GPL-3.0-or-later"),
        ("Sleepycat", "Sleepycat"),
        ("no-such-license", None),
        ("", None),
        ("m" * 100_000, None),
    ],
)
def test_a_name_is_found_whatever_its_case_width_or_stray_characters(name, spdx):
    found = find_license(name)
    assert (found and found.spdx) == spdx


@pytest.mark.parametrize(
    ("expression", "spdx", "license_class"),
    [
        ("MIT OR GPL-3.0-only", "MIT OR GPL-3.0-only", "permissive"),
        ("mit and cc-by-nc-4.0", "MIT AND CC-BY-NC-4.0", "non-commercial"),
        ("(MIT OR GPL-2.0-only) AND Apache-2.0", "(MIT OR GPL-2.0-only) AND Apache-2.0", None),
        (
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "copyleft",
        ),
        ("MIT OR unknown", "MIT OR LicenseRef-Unknown", "permissive"),
        ("MIT AND unknown", "MIT AND LicenseRef-Unknown", "unknown"),
    ],
)
def test_or_takes_the_best_choice_and_and_the_strictest(expression, spdx, license_class):
    terms = read_terms(expression)
    assert terms.spdx == spdx
    assert terms.license_class == (license_class or LicenseClass.PERMISSIVE)


@pytest.mark.parametrize(
    "expression",
    ["MIT OR", "MIT AND nonsense-9", "(MIT", "MIT WITH MIT", "AND", "mit or " * 80 + "mit", "{x}"],
)
def test_an_expression_with_an_unknown_name_or_broken_grammar_is_not_read(expression):
    assert read_terms(expression) is None


def test_an_or_with_a_denied_choice_keeps_only_the_obligations_of_the_best():
    assert "disclose-source" not in read_terms("MIT OR GPL-3.0-only").obligations
    assert "disclose-source" in read_terms("MIT AND GPL-3.0-only").obligations


@pytest.mark.parametrize(
    ("link", "spdx"),
    [
        ("https://www.apache.org/licenses/LICENSE-2.0.txt", "Apache-2.0"),
        ("https://creativecommons.org/licenses/by-nc/4.0/", "CC-BY-NC-4.0"),
        ("https://spdx.org/licenses/MIT.html", "MIT"),
        ("https://evil.example/licenses/MIT.html", None),
        ("https://[broken", None),
        ("LICENSE", None),
    ],
)
def test_a_link_counts_only_on_a_site_that_publishes_the_text(link, spdx):
    found = find_by_link(link)
    assert (found and found.spdx) == spdx


def test_the_catalog_has_no_name_twice_and_no_malformed_id():
    seen: dict[str, str] = {}
    for entry in licenses().values():
        assert re.fullmatch(r"[A-Za-z0-9.-]+", entry.spdx)
        for tag in entry.tags:
            assert seen.setdefault(tag, entry.spdx) == entry.spdx


def test_every_id_without_own_prefix_is_one_that_license_expression_knows():
    known = {row["spdx_license_key"] for row in get_license_index()}
    own = {spdx for spdx in licenses() if not spdx.startswith("LicenseRef-")}
    assert own - known == set()


@pytest.mark.skipif(not CARDS.is_dir(), reason="the shared corpus is not beside this clone")
def test_every_license_tag_in_the_corpus_is_classified_or_says_why_not():
    fields = [_front_matter(path).get("license") for path in sorted(CARDS.glob("*.md"))]
    stated = [value for value in fields if value]
    found = [read_card(value, None, None) for value in stated]
    classified = [one for one in found if one.license_class is not LicenseClass.UNKNOWN]
    assert len(classified) >= 5
    assert all(one.reasons for one in found)


def _front_matter(path: Path) -> dict:
    parts = path.read_text(errors="replace").split("---\n")
    try:
        data = yaml.safe_load(parts[1]) if len(parts) > 2 else {}
    except yaml.YAMLError:
        return {}
    return data if isinstance(data, dict) else {}
