"""The Hugging Face source: what the Hub's scanners say, and cards that a library refuses."""

from __future__ import annotations

import json

import pytest

from catalog.sources.hf.listing import scan_told
from registry.source_scan import MOST, SourceScan, read_source_scan
from tests.catalog.sources.asking import asked, ref
from tests.standins import repos


def test_the_hub_is_asked_what_its_scanners_say(upstream, source):
    upstream.change(repos.MOVING, security={"a.bin": "unsafe", "b.bin": "safe", "c.bin": "queued"})
    scan = source.resolve(ref(repos.MOVING)).scan
    assert scan == SourceScan(is_done=True, levels={"a.bin": "unsafe", "c.bin": "queued"})
    assert scan.warnings == {"a.bin": "unsafe"}
    assert asked(upstream) == [("GET", 200)]


def test_nothing_that_is_named_is_nothing_that_is_clean(upstream, source):
    assert source.resolve(ref(repos.MOVING)).scan == SourceScan(is_done=True)


ISSUE = {"path": "a.bin", "level": "unsafe"}


@pytest.mark.parametrize(
    ("told", "scan"),
    [
        (None, None),
        ({"scansDone": False, "filesWithIssues": []}, SourceScan(is_done=False)),
        ({"scansDone": "yes", "filesWithIssues": []}, SourceScan(is_done=False)),
        ({"scansDone": True}, SourceScan(is_done=True, is_whole=False)),
        ("clean", SourceScan(is_done=False, is_whole=False)),
        ([], SourceScan(is_done=False, is_whole=False)),
        (
            {"scansDone": True, "filesWithIssues": [ISSUE, "b.bin", {"path": 7}]},
            SourceScan(is_done=True, levels={"a.bin": "unsafe"}, is_whole=False),
        ),
        (
            {"scansDone": True, "filesWithIssues": [ISSUE, {"path": "a.bin", "level": "safe"}]},
            SourceScan(is_done=True, levels={"a.bin": "safe"}, is_whole=False),
        ),
        (
            {"scansDone": True, "filesWithIssues": [{"path": "a.bin", "level": {}}]},
            SourceScan(is_done=True, levels={"a.bin": ""}),
        ),
    ],
)
def test_what_cannot_be_read_is_not_whole(told, scan):
    assert scan_told(told) == scan


def test_a_warning_cannot_hide_behind_many_others():
    many = [{"path": f"{n}.bin", "level": "caution"} for n in range(MOST)]
    scan = scan_told({"scansDone": True, "filesWithIssues": [*many, ISSUE]})
    assert (len(scan.levels), scan.is_whole) == (MOST, False)
    assert scan.objection({"a.bin"}) == "What its source says of its own scan was not read whole."


@pytest.mark.parametrize(
    ("word", "objects"),
    [
        ("unsafe", True),
        ("suspicious", True),
        ("caution", True),
        ("some word of tomorrow", True),
        ("", True),
        ("safe", False),
        ("unscanned", False),
        ("queued", False),
        ("error", False),
    ],
)
def test_every_word_holds_that_is_not_known_to_mean_nothing(word, objects):
    scan = SourceScan(is_done=True, levels={"a.bin": word})
    assert bool(scan.objection({"a.bin", "b.bin"})) == objects
    assert scan.objection({"b.bin"}) == ""


@pytest.mark.parametrize(
    "scan",
    [
        SourceScan(is_done=True, levels={"a.bin": "unsafe"}),
        SourceScan(is_done=False, is_whole=False),
        SourceScan(is_done=False),
    ],
)
def test_it_is_read_back_as_it_was_written(scan):
    assert read_source_scan(json.loads(json.dumps(scan.to_json()))) == scan


@pytest.mark.parametrize("stored", ["", 7, [], {}, {"levels": {}}, {"levels": [], "is_whole": 1}])
def test_what_is_stored_in_another_form_is_not_whole(stored):
    assert not read_source_scan(stored).is_whole
    assert read_source_scan(None) is None


ROW = {"task": {"type": "t"}, "dataset": {"type": "d", "name": "D"}}
ROW |= {"metrics": [{"type": "acc", "value": 1}]}


@pytest.mark.parametrize(
    "index",
    [
        [{"name": "a", "results": [{**ROW, "source": {"name": "a source without an address"}}]}],
        [{"name": "a", "results": [{**ROW, "source": "text"}]}],
        [{"name": "a", "results": [{**ROW, "metrics": [{"type": "acc", "value": 1}, "text"]}]}],
        [{"name": "a"}],
        {"name": "a", "results": []},
        "text",
    ],
)
def test_no_evaluation_in_a_card_keeps_a_model_away(upstream, source, index):
    card = {"license": "mit", "model-index": index, "ignore_metadata_errors": False}
    info = {"id": repos.MOVING, "sha": upstream.commit(repos.MOVING), "cardData": card}
    body = json.dumps(info)
    upstream.config(inject=[{"match": "/api/models/", "status": 200, "body": body, "times": 1}])
    assert source.resolve(ref(repos.MOVING)).card_data == card
