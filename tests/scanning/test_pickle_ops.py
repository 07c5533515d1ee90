from __future__ import annotations

import pickle as stdlib_pickle
from collections import OrderedDict, defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import PurePath

import pytest

from scanning.scanners import Coverage, Severity, Verdict, scanners
from scanning.scanners._globals import Trust, trust
from scanning.scanners._pickle_values import Global
from tests.scanning.pickles import (
    CLEAN,
    EVIL,
    EVIL_4,
    TORCH_MAGIC,
    call,
    joblib_array,
    pickle,
    stack_global,
    text,
)

ARGUMENT = text("true") + b"\x85"
OS, SYSTEM = text("os") + b"\x94", text("system") + b"\x94"
DANGEROUS = {
    "protocol 0": EVIL,
    "protocol 4": EVIL_4,
    "inst": b"(S'true'\nios\nsystem\n.",
    "obj": b"(cos\nsystem\nS'true'\no.",
    "newobj": pickle(stack_global("subprocess", "Popen"), ARGUMENT, b"\x81"),
    "newobj_ex": pickle(stack_global("subprocess", "Popen"), ARGUMENT, b"}\x92"),
    "names from the memo": pickle(OS, SYSTEM, b"00", b"h\x00h\x01\x93", ARGUMENT, b"R"),
    "names put by text opcodes": b"S'os'\np7\n0S'system'\np8\n0g7\ng8\n\x93(S'true'\ntR.",
    "names doubled by dup": pickle(text("pdb"), b"2\x93", ARGUMENT, b"R"),
    "referenced, never called": pickle(stack_global("os", "system")),
    "hidden in a list": pickle(b"]", call("os", "system", text("true")), b"a"),
    "popped away": pickle(call("os", "system", text("true")), b"0N"),
    "unknown class with a path": pickle(call("mine.store", "Net", text("/etc/x"))),
    "unknown class with a repository": pickle(call("mine.store", "Net", text("some/repo"))),
    "loads in the middle": pickle(call("mine", "attempt_load_weights", text("x"))),
    "name of Python 2": b"c__builtin__\neval\n(S'1'\ntR.",
    "module of Python 2": b"ccommands\ngetoutput\n(S'true'\ntR.",
    "dotted name": pickle(call("torch", "serialization.os.system", text("true"))),
    "reexported": pickle(call("some.package", "Popen", text("true"))),
    "submodule": pickle(call("importlib.util", "find_spec", text("x"))),
    "dunder walk": pickle(call("collections", "OrderedDict.__subclasses__")),
    "getattr chain": pickle(
        stack_global("builtins", "getattr"),
        b"(" + call("builtins", "__import__", text("os")) + text("system") + b"tR",
        ARGUMENT,
        b"R",
    ),
    "attributes of a module": pickle(stack_global("collections", "OrderedDict"), b"}b"),
    "behind an empty pickle": CLEAN + EVIL_4,
    "behind zeros and junk": CLEAN + b"\x00junk" * 3 + EVIL_4,
    "before a fault": EVIL_4[:-1] + b"\xff",
    "before the stream ends": EVIL_4[:-1],
    "after a length that lies": b"\x80\x04X\xff\xff\xff\x7f" + EVIL,
    "in the fourth of a legacy torch file": TORCH_MAGIC + pickle(b"K\x01") * 2 + EVIL_4 + CLEAN,
    "in bytes that torch loads": pickle(
        call("torch.storage", "_load_from_bytes", b"C" + bytes([len(EVIL_4)]) + EVIL_4)
    ),
    "computed module": pickle(call("builtins", "str", text("os")), text("system"), b"\x93"),
}
SUSPICIOUS = {
    "unknown class": pickle(stack_global("mymodel.net", "Net"), b")\x81"),
    "unknown function": pickle(call("mymodel.net", "build")),
    "extension registry": pickle(b"\x82\x01"),
    "code object": pickle(call("types", "CodeType", b"K\x00")),
    "codec by a strange name": pickle(call("_codecs", "encode", text("x"), text("evilcodec"))),
    "junk behind": CLEAN + b"\xff\xfe junk",
    "class that opens files": pickle(call("xgboost.core", "Booster", text("settings"))),
    "special attribute": pickle(
        stack_global("collections", "OrderedDict"),
        b")\x81N}" + text("__class__") + b"Ns\x86b",
    ),
}
CLEAN_PICKLES = {
    "containers": stdlib_pickle.dumps(
        {"a": [1, 2.5, None, True], "b": ({1}, frozenset({2}), b"x")}
    ),
    "protocol 0": stdlib_pickle.dumps({"a": [1, 10**30, "é", -1.5]}, protocol=0),
    "protocol 2": stdlib_pickle.dumps([OrderedDict(a=1), {1, 2}, "os.system"], protocol=2),
    "dates and numbers": stdlib_pickle.dumps((datetime(2026, 1, 1, tzinfo=UTC), Decimal("1.5"))),
    "defaultdict": stdlib_pickle.dumps(defaultdict(list, a=[1])),
    "scary words": stdlib_pickle.dumps({"os.system": 1, "cos\nsystem\n(S'true'\ntR.": 2}),
    "recursive": b"\x80\x04]\x94h\x00a.",
    "long bytes": stdlib_pickle.dumps([b"x" * 100_000, "y" * 100_000]),
    "stacked": CLEAN * 3,
    "padding": CLEAN + b"\x00" * 64,
}


@pytest.mark.parametrize("content", DANGEROUS.values(), ids=DANGEROUS)
def test_a_dangerous_pickle_is_unsafe(scan_bytes, content):
    assert scan_bytes("pickle_ops", content).verdict is Verdict.UNSAFE


@pytest.mark.parametrize("content", SUSPICIOUS.values(), ids=SUSPICIOUS)
def test_what_is_not_known_safe_is_suspicious(scan_bytes, content):
    report = scan_bytes("pickle_ops", content)
    assert report.verdict is Verdict.SUSPICIOUS
    assert report.coverage is Coverage.FULL


@pytest.mark.parametrize("content", CLEAN_PICKLES.values(), ids=CLEAN_PICKLES)
def test_plain_data_is_clean(scan_bytes, content):
    report = scan_bytes("pickle_ops", content)
    assert (report.verdict, report.findings) == (Verdict.CLEAN, ())


@pytest.mark.parametrize(
    "content",
    [
        CLEAN[:-1],
        b"\x80\x04",
        b"\x80\x07N.",
        b"\x80\x04h\x05.",
        b"\x80\x04}\xff.",
        b"\x80\x04\x95\xff\xff\x00\x00\x00\x00\x00\x00N.",
    ],
    ids=["cut", "empty", "protocol 7", "unset memo", "no such opcode", "frame past the end"],
)
def test_a_pickle_that_cannot_be_read_to_its_end_is_never_clean(scan_bytes, content):
    report = scan_bytes("pickle_ops", content)
    assert report.verdict is Verdict.INCOMPLETE
    assert report.detail


def test_a_finding_names_the_call_its_arguments_and_the_offset(scan_bytes):
    finding = scan_bytes("pickle_ops", EVIL).findings[0]
    assert finding.severity is Severity.CRITICAL
    assert finding.message == "calls os.system('true') when it is loaded"
    assert finding.evidence == "offset 21: REDUCE os.system('true')"


def test_nothing_is_imported_while_scanning(scan_bytes, monkeypatch):
    asked = []
    real = __import__

    def watch(name, *args, **kwargs):
        asked.append(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr("builtins.__import__", watch)
    scan_bytes("pickle_ops", pickle(call("antigravity", "fly")))
    assert "antigravity" not in asked


def test_a_flood_of_harmless_names_does_not_push_out_the_unsafe_one(scan_bytes):
    flood = b"".join(stack_global("mymodel", f"Thing{n}") + b"0" for n in range(500))
    report = scan_bytes("pickle_ops", pickle(flood, call("os", "system", text("true"))))
    assert report.verdict is Verdict.UNSAFE
    assert report.findings[0].rule == "pickle_dangerous_call"


def test_values_nested_beyond_measure_are_shown_in_bounded_time(scan_bytes):
    doubled = b"N" + b"2\x86" * 200
    content = pickle(stack_global("os", "system"), doubled, b"\x85R")
    assert scan_bytes("pickle_ops", content).verdict is Verdict.UNSAFE


ARRAY = b"\x00\x11\x22\x33\x44\x55\x66\x77" * 2
TWO = b"K\x02\x85"


def test_a_joblib_array_is_passed_over(scan_bytes):
    content = pickle(b"]", joblib_array(TWO, "f8", ARRAY), b"a")
    assert scan_bytes("pickle_ops", content, "m.joblib").verdict is Verdict.CLEAN


def test_what_stands_behind_a_joblib_array_is_examined(scan_bytes):
    content = pickle(b"]", joblib_array(TWO, "f8", ARRAY), b"a", call("os", "system"), b"a")
    assert scan_bytes("pickle_ops", content, "m.joblib").verdict is Verdict.UNSAFE


def test_opcodes_inside_a_joblib_array_are_examined_since_pickle_would_run_them(scan_bytes):
    hidden = EVIL.ljust(32, b"\x00")
    array = joblib_array(b"K\x04\x85", "f8", b"").removesuffix(b"\x02\xff\xff") + hidden
    assert scan_bytes("pickle_ops", pickle(array), "m.pkl").verdict is Verdict.UNSAFE


def test_objects_in_a_joblib_array_are_examined(scan_bytes):
    array = joblib_array(TWO, "O8", EVIL_4, is_object=True)
    assert scan_bytes("pickle_ops", pickle(array), "m.joblib").verdict is Verdict.UNSAFE


def test_a_joblib_array_longer_than_the_file_is_incomplete(scan_bytes):
    content = pickle(joblib_array(b"J\xff\xff\xff\x7f\x85", "f8", ARRAY))
    assert scan_bytes("pickle_ops", content, "m.joblib").verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("model.weights", EVIL, True),
        ("notes.txt", EVIL, True),
        ("x.pkl", b"plain words", True),
        ("pytorch_model.bin", b"\x00" * 100, True),
        ("README.md", b"# Title\n", False),
        ("vocab.txt", b"cat\ndog\nelephant\n", False),
        ("README.md", b"This is a model card. " * 2000, False),
        ("README.md", b"XLM-R is a model. " * 2000, False),
        ("list.txt", b"1. first\n2. second\n", False),
        ("config.json", b'{"a": 1}', False),
        ("model.safetensors", b"\x08" + b"\x00" * 7 + b'{}      ', False),
        ("empty.bin", b"", False),
    ],
)  # fmt: skip
def test_content_decides_what_is_examined_before_the_name_does(options, name, content, expected):
    scanner = scanners.get("pickle_ops")(options)
    assert scanner.handles(PurePath(name), content[: 16 * 1024]) is expected


@pytest.mark.parametrize(
    ("module", "name", "expected"),
    [
        ("collections", "OrderedDict", Trust.ALLOWED),
        ("torch", "FloatStorage", Trust.ALLOWED),
        ("torch._utils", "_rebuild_tensor_v2", Trust.ALLOWED),
        ("sklearn.linear_model._logistic", "LogisticRegression", Trust.ALLOWED),
        ("copy_reg", "_reconstructor", Trust.ALLOWED),
        ("sklearn.linear_model._logistic", "some_function", Trust.UNKNOWN),
        ("sklearn.linear_model.evil", "Class.method", Trust.UNKNOWN),
        ("sklearn_evil.linear_model", "Model", Trust.UNKNOWN),
        ("torch.nn.modules.linear\n", "Linear", Trust.UNKNOWN),
        ("collections", "OrderedDict\n", Trust.UNKNOWN),
        ("collections", "namedtuple", Trust.DANGEROUS),
        ("cloudpickle.cloudpickle", "_make_function", Trust.CODE),
        ("os.path", "join", Trust.DANGEROUS),
        ("numpy", "load", Trust.DANGEROUS),
        ("torch.hub", "load", Trust.DANGEROUS),
        ("pip._internal", "main", Trust.DANGEROUS),
        ("builtins", "getattr", Trust.DANGEROUS),
    ],
)
def test_trust_goes_by_exact_names_first(module, name, expected):
    assert trust(Global(module, name)) is expected


def test_an_object_that_only_its_reader_knows_is_suspicious(scan_bytes):
    report = scan_bytes("pickle_ops", b"(Pstorage:1\nt.")
    assert report.verdict is Verdict.SUSPICIOUS
    assert [one.rule for one in report.findings] == ["pickle_persistent_text"]
