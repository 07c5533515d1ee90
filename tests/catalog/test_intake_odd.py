"""Repositories with odd names, broken papers and hostile values: read as far as it goes, said."""

from __future__ import annotations

import json

import pytest

from core.models import RunState
from registry.models import Model
from scanning.models import Scan
from tests.standins.repos import (
    BAD_CARD,
    BAD_JSON,
    HUGE_CONFIG,
    MANY_FILES,
    ODD_FILES,
    ODD_NAMES,
    TINY_CONFIG,
    many_files,
    tiny_safetensors,
)

ODD = "acme/odd"
CARD = "---\nlicense: mit\n---\nText.\n"
GITATTRIBUTES = "*.bin filter=lfs diff=lfs merge=lfs -text\n"


def answer_about_odd(yard, **said):
    """Let the source answer this about the model, beside its commit."""
    whole = {"id": ODD, "sha": yard.upstream.commit(ODD), "siblings": [], "private": False}
    match = f"GET /api/models/{ODD}(/revision/[^/]*)?$"
    body = json.dumps(whole | said)
    yard.upstream.config(inject=[{"match": match, "status": 200, "body": body}])


@pytest.fixture
def bring(yard):
    """Bring a repository of these files and give its run and version.

    The source's own answer tells of the files alone: a stand-in reads no hostile papers.
    """

    def bring(files):
        yard.upstream.repos.repo(ODD, {"README.md": CARD} | files)
        yard.upstream.reload()
        answer_about_odd(yard)
        run = yard.bring(ODD)
        assert run.error == ""
        return run, yard.version(run)

    return bring


def test_files_with_odd_names_arrive_under_their_names(bring, yard):
    run, version = bring(ODD_FILES)
    assert (run.state, run.error) == (RunState.DONE, "")
    assert set(version.files.values_list("path", flat=True)) == {"README.md", *ODD_FILES}
    for path, data in ODD_FILES.items():
        file = version.files.get(path=path)
        assert file.size == len(data)
        assert yard.store.local_path(file.sha256).read_bytes() == data
    assert yard.staged() == []


def test_a_repository_without_a_card_is_held_for_its_license(yard):
    run = yard.bring(ODD_NAMES)
    assert (run.state, yard.version(run).admission) == (RunState.DONE, "held")
    assert "license" in json.dumps(yard.version(run).decision)


@pytest.mark.parametrize(
    "path", ["../../etc/cron.d/evil", "/etc/passwd", "a/../b", "a//b", "a\\b", "a\nb", "a\u202eb"]
)
def test_a_file_name_that_leaves_its_folder_stops_the_run(yard, path):
    yard.upstream.repos.repo(ODD, {"README.md": CARD})
    yard.upstream.reload()
    entry = {"rfilename": path, "size": 1, "blobId": "0" * 40}
    yard.upstream.config(siblings=[entry])
    run = yard.bring(ODD)
    assert (run.state, run.error_code) == (RunState.FAILED, "invalid_input")
    assert "The file name" in run.error
    assert "cannot be used: it" in run.error
    assert "\n" not in run.error
    assert not Model.objects.exists()
    assert yard.staged() == []


@pytest.mark.parametrize("size", [-1, 2**63, 10**30, 1.5, "1", None, True])
def test_a_file_of_an_impossible_size_stops_the_run(yard, size):
    yard.upstream.repos.repo(ODD, {"README.md": CARD})
    yard.upstream.reload()
    entry = {"rfilename": "a", "size": size, "blobId": "0" * 40}
    yard.upstream.config(siblings=[entry])
    run = yard.bring(ODD)
    assert (run.state, run.error_code) == (RunState.FAILED, "invalid_input")
    assert "has no usable size" in run.error


@pytest.mark.parametrize(
    ("repo_id", "words"), [(BAD_JSON, "config.json"), (BAD_CARD, "card"), (HUGE_CONFIG, "config")]
)
def test_broken_papers_are_said_and_read_as_far_as_they_go(yard, repo_id, words):
    run = yard.bring(repo_id)
    version = yard.version(run)
    assert run.state == RunState.DONE
    assert version.extraction_status in {"partial", "failed"}
    gate = version.gates.get(gate="metadata")
    assert gate.outcome == "failed"
    assert words in " ".join(gate.evidence["problems"])
    assert version.admission == "held"  # none of them names a license


def test_json_that_is_none_is_noted_and_is_no_malware(bring):
    run, version = bring({"config.json": '{"model_type": "llama", '})
    assert run.state == RunState.DONE
    assert version.extraction_status == "partial"
    assert "config.json is not valid JSON" in version.gates.get(gate="metadata").reason
    assert version.gates.get(gate="malware").outcome == "passed"
    assert (version.admission, version.scan_verdict) == ("admitted", "clean")
    sha256 = version.files.get(path="config.json").sha256
    scans = Scan.objects.filter(sha256=sha256)
    noted = [finding["rule"] for scan in scans for finding in scan.findings]
    assert noted == ["json_invalid"]


def test_broken_metadata_alone_stops_nobody(bring):
    run, version = bring({"config.json": "[1, 2, 3]"})
    assert run.state == RunState.DONE
    gate = version.gates.get(gate="metadata")
    assert (gate.outcome, gate.mode) == ("failed", "audit")
    assert (version.admission, version.lowest_tier) == ("admitted", "lite")


@pytest.mark.parametrize(
    "config",
    [
        TINY_CONFIG | {"model_type": "lla\0ma", "x\0y": "\0"},
        TINY_CONFIG | {"model_type": "\ud800", "torch_dtype": "\udfff"},
        TINY_CONFIG | {"hidden_size": float("nan"), "rope_theta": float("inf")},
        TINY_CONFIG | {"max_position_embeddings": 10**30, "vocab_size": -(10**30)},
        TINY_CONFIG | {"architectures": ["x" * 5000] * 50},
        TINY_CONFIG | {"num_hidden_layers": 10**18, "hidden_size": 10**18, "vocab_size": 10**18},
        {"model_type": ["llama"], "architectures": {"a": 1}, "hidden_size": "many"},
        [1, 2, 3],
        "text",
        None,
    ],
    ids=[
        "nul",
        "half characters",
        "no numbers",
        "numbers too large",
        "long names",
        "large products",
        "wrong types",
        "list",
        "text",
        "null",
    ],
)
def test_hostile_values_in_a_configuration_break_nothing(bring, config):
    run, version = bring({"config.json": json.dumps(config)})
    assert (run.state, run.error) == (RunState.DONE, "")
    assert version.admission == "admitted"


@pytest.mark.parametrize(
    "head",
    [
        'license: mit\n"a\\0b": "c\\0d"\n',
        'license: mit\ntags: ["\\0", "a\\0b"]\nlanguage: "\\0"\npipeline_tag: "\\0"\n',
        'license: mit\n"\\ud800": "\\udfff"\n',
        "license: mit\nscore: .nan\nbest: .inf\nlist: [.nan, -.inf]\nbig: " + "9" * 400 + "\n",
        "license: mit\nfloat: 1e999\nother: -1e999\n",
        "license: mit\nwhen: 2024-01-01\nbytes: !!binary aGVsbG8=\nset: !!set {a, b}\n",
        "license: mit\ntags: " + json.dumps(["x" * 300] * 3000) + "\n",
        "license: mit\nlanguage: " + json.dumps(["y" * 200] * 300) + "\n",
        "license: mit\nbase_model: {a: 1}\nlicense_name: [1]\nlicense_link: 3\n",
    ],
    ids=range(9),
)
def test_hostile_values_in_a_card_break_nothing(bring, head):
    run, version = bring({"README.md": f"---\n{head}---\nText.\0 More.\n"})
    assert (run.state, run.error) == (RunState.DONE, "")
    assert version.admission in {"admitted", "held"}


@pytest.mark.parametrize(
    "answer",
    [
        {"pipeline_tag": "a\0b", "library_name": "\0"},
        {"tags": ["\0", "\ud800"], "author": "\0"},
        {"cardData": {"license": "mit", "a\0b": "\ud800", "n": 1e999}},
        {"downloads": 10**40, "likes": -(10**40)},
        {"gated": "\0", "lastModified": "9999-12-31T23:59:59.000Z"},
    ],
    ids=["nul", "half characters", "card", "numbers too large", "dates"],
)
def test_hostile_values_in_the_answer_of_the_source_break_nothing(yard, answer):
    yard.upstream.repos.repo(ODD, {"README.md": CARD})
    yard.upstream.reload()
    answer_about_odd(yard, **answer)
    run = yard.bring(ODD)
    assert (run.state, run.error) == (RunState.DONE, "")


def test_a_header_of_impossible_shapes_breaks_nothing(bring):
    header = {"w": {"dtype": "F32", "shape": [10**15, 10**15], "data_offsets": [0, 8]}}
    text = json.dumps(header).encode()
    run, version = bring({"model.safetensors": len(text).to_bytes(8, "little") + text + bytes(8)})
    assert (run.state, run.error) == (RunState.DONE, "")
    assert version.gates.get(gate="metadata").outcome == "failed"


def test_many_files_that_share_their_bytes_are_stored_once(bring, yard):
    same = tiny_safetensors({"w": ("F32", [4])})
    run, version = bring({f"part-{n}/model.safetensors": same for n in range(30)})
    assert run.state == RunState.DONE
    assert version.files.values("content").distinct().count() == 2
    assert len(list(yard.store.iter_keys())) == 2


def test_hundreds_of_files_take_the_whole_way(make_yard, start_upstream):
    yard = make_yard(start_upstream(lambda root: many_files(root, 300)))
    version = yard.admit(MANY_FILES)
    assert version.file_count == version.files.filter(content__isnull=False).count() == 300
    assert yard.staged() == []


def test_ten_thousand_files_are_pinned_with_one_request(make_yard, start_upstream):
    yard = make_yard(start_upstream(many_files))
    run = yard.drive(yard.ask(MANY_FILES).run, until="fetch")
    assert yard.version(run).files.count() == 10_000
    assert [e["path"] for e in yard.upstream.log() if "/tree/" in e["path"]] == []
    assert run.result["outlook"] == "lite"
