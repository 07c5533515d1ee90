"""The license gate of a version: which papers are read, what is answered, what is written down."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from core.errors import TooLargeError, UpstreamError
from licenses import services
from licenses.analysis import LIMITS, analyze
from licenses.services import MAX_TEXT, answer_gate, license_paths, look
from registry.models import GateResult
from tests.factories.registry import VersionFactory
from tests.standins.repos import apache_license

APACHE = apache_license()


@pytest.fixture
def make_version(db):
    """A version of these papers, with a reader that says what it was asked for."""

    def make(files, card=None):
        version = VersionFactory(
            files=files,
            admission="pending",
            license_spdx="",
            license_class="unknown",
            facts={"card": card} if card is not None else {},
        )
        asked = []

        def read(path):
            asked.append(path)
            return files[path]

        return version, read, asked

    return make


def test_card_and_file_that_agree_pass_and_are_written_down(make_version):
    version, read, asked = make_version(
        {"LICENSE": APACHE, "config.json": b"{}"}, {"license": "apache-2.0"}
    )
    found = answer_gate(version, read=read)
    version.refresh_from_db()
    gate = version.gates.get()
    assert asked == ["LICENSE"]
    assert (gate.gate, gate.outcome, found.outcome) == ("license", "passed", "passed")
    assert "Apache-2.0" in gate.reason
    assert (version.license_spdx, version.license_class) == ("Apache-2.0", "permissive")
    assert gate.evidence["spdx"] == "Apache-2.0"


@pytest.mark.parametrize(
    ("files", "card", "outcome", "license_class"),
    [
        ({"a": b""}, None, "unknown", "unknown"),
        ({"a": b""}, {}, "unknown", "unknown"),
        ({"a": b""}, {"license": "mit"}, "passed", "permissive"),
        ({"LICENSE": APACHE}, {}, "passed", "permissive"),
        ({"LICENSE": APACHE}, {"license": "mit"}, "unknown", None),
        ({"LICENSE": b"Do what I say.\n"}, {"license": "mit"}, "unknown", None),
        ({"LICENSE": b""}, {}, "unknown", "unknown"),
        ({"LICENSE": b"\xff\xfe\x00"}, {}, "unknown", "unknown"),
        ({"a": b""}, {"license": ["mit", "apache-2.0"]}, None, None),
        ({"a": b""}, {"license": {"x": 1}}, "unknown", "unknown"),
        ({"a": b""}, {"license": 7, "license_name": [], "license_link": {}}, "unknown", "unknown"),
    ],
)
def test_only_clear_papers_pass(make_version, files, card, outcome, license_class):
    version, read, _ = make_version(files, card)
    found = answer_gate(version, read=read)
    assert outcome in {found.outcome, None}
    assert license_class in {found.license_class, None}
    assert found.reason
    assert GateResult.objects.get().reason == found.reason


def test_a_license_file_that_is_too_large_to_read_needs_a_person(make_version):
    version, _, _ = make_version({"LICENSE": APACHE}, {"license": "apache-2.0"})

    def read(path):
        raise TooLargeError(f"{path} is too large", limit=MAX_TEXT)

    found = answer_gate(version, read=read)
    assert found.outcome == "unknown"
    assert "LICENSE is larger than 256 KiB and was not read." in found.reason


def test_a_source_that_is_away_answers_nothing(make_version):
    version, _, _ = make_version({"LICENSE": APACHE}, {"license": "apache-2.0"})

    def read(path):
        raise UpstreamError(f"{path} cannot be read now")

    with pytest.raises(UpstreamError):
        answer_gate(version, read=read)
    assert not version.gates.exists()


def test_answering_again_overwrites_the_answer(make_version):
    version, read, _ = make_version({"LICENSE": APACHE}, {"license": "mit"})
    answer_gate(version, read=read)
    version.facts = {"card": {"license": "apache-2.0"}}
    version.save(update_fields=["facts"])
    answer_gate(version, read=read)
    assert version.gates.get().outcome == "passed"


def test_files_at_the_top_are_read_first_and_only_so_many():
    paths = [f"deep/{n}/LICENSE" for n in range(100)] + ["LICENSE", "NOTICE.txt", "src/license.py"]
    found = license_paths(paths)
    assert found[0] == "LICENSE"
    assert "src/license.py" not in found
    assert len(found) < 50


def test_the_file_that_the_card_links_is_a_license_file_whatever_its_name():
    assert license_paths(["a.txt", "terms.md"], "./terms.md") == ["terms.md"]
    assert license_paths(["a.txt"], "https://example.org/terms") == []


def test_looking_writes_nothing(db):
    found = look(card={"license": "mit"}, paths=[], read=lambda path: b"")
    assert (found.spdx, found.outcome) == ("MIT", "passed")
    assert not GateResult.objects.exists()


def test_a_text_that_could_not_be_analyzed_is_unknown_until_it_is_analyzed_again(
    make_version, monkeypatch
):
    version, read, _ = make_version({"LICENSE": APACHE}, {"license": "apache-2.0"})
    never = replace(LIMITS, wall_seconds=0)
    with monkeypatch.context() as patch:
        patch.setattr(services, "analyze", partial(analyze, limits=never))
        found = answer_gate(version, read=read)
    gate = version.gates.get()
    assert (gate.outcome, found.license_class, found.spdx) == ("unknown", "unknown", "")
    assert "could not be analyzed" in gate.reason
    assert "states no license" not in gate.reason
    assert answer_gate(version, read=read).outcome == "passed"
    assert version.gates.get().outcome == "passed"
