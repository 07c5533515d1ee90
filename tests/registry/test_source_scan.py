"""Two statements about one version are joined so that neither takes a warning from the other."""

from __future__ import annotations

import pytest

from registry.source_scan import MOST, SourceScan, read_source_scan

CLEAN = SourceScan(is_done=True)
WARNS = SourceScan(is_done=True, levels={"a.bin": "unsafe"})
CALM = SourceScan(is_done=True, levels={"a.bin": "safe", "b.bin": "queued"})
AGAINST = SourceScan(is_done=True, against="It is called unsafe.")
CUT = SourceScan(is_done=False, is_whole=False)


@pytest.mark.parametrize(
    ("one", "other", "joined"),
    [
        (WARNS, None, WARNS),
        (CLEAN, CLEAN, CLEAN),
        (WARNS, CALM, SourceScan(is_done=True, levels={"a.bin": "unsafe", "b.bin": "queued"})),
        (CALM, WARNS, SourceScan(is_done=True, levels={"a.bin": "unsafe", "b.bin": "queued"})),
        (CLEAN, AGAINST, AGAINST),
        (AGAINST, CLEAN, AGAINST),
        (CLEAN, CUT, CUT),
        (CUT, WARNS, SourceScan(is_done=False, levels={"a.bin": "unsafe"}, is_whole=False)),
    ],
)
def test_a_warning_of_either_counts(one, other, joined):
    assert one.beside(other) == joined


def test_more_than_can_be_kept_is_not_whole():
    many = SourceScan(is_done=True, levels={f"{n}.bin": "safe" for n in range(MOST)})
    joined = many.beside(WARNS)
    assert (len(joined.levels), joined.is_whole) == (MOST, False)
    assert joined.objection([])


def test_a_word_against_the_whole_needs_no_file():
    assert AGAINST.objection([]) == "It is called unsafe."
    assert CLEAN.objection(["a.bin"]) == ""


@pytest.mark.parametrize("scan", [AGAINST, WARNS, CUT])
def test_what_was_kept_is_read(scan):
    assert read_source_scan(scan.to_json()) == scan


def test_a_word_that_is_none_is_not_whole():
    assert not read_source_scan({**CLEAN.to_json(), "against": 7}).is_whole
    before = {"is_done": True, "levels": {}, "is_whole": True}  # as it was kept without the word
    assert read_source_scan(before) == CLEAN
