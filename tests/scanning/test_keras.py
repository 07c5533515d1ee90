from __future__ import annotations

import json
import struct
from pathlib import PurePath

import pytest

from scanning.scanners import Severity, Verdict, scanners
from scanning.scanners._tensors.keras_config import examine_data
from scanning.scanners._tensors.notes import Notes
from tests.scanning import hdf5_files as h5


def layer(kind: str, module: str = "keras.layers", config: object = None, registered=None):
    return {
        "module": module,
        "class_name": kind,
        "config": {"name": "a"} if config is None else config,
        "registered_name": registered,
    }


def function(module: str, name: str):
    return layer("function", module, name, "function")


LAMBDA = {"class_name": "Lambda", "config": {"function": ["4wEAAAA=", None, None]}}
CODE = {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}
UNSAFE = {
    "old lambda": LAMBDA,
    "lambda of its type": layer(
        "Lambda", config={"function": "4wEAAA", "function_type": "lambda"}
    ),
    "new lambda": layer("Lambda", config={"function": CODE}),
    "lambda as output shape": layer(
        "Lambda", config={"function": "f", "output_shape_type": "lambda"}
    ),
    "code anywhere": {"class_name": "Model", "config": {"layers": [{"config": {"x": CODE}}]}},
    "registered lambda": layer("Custom>Lambda"),
    "module": function("os", "system"),
    "submodule": function("subprocess", "Popen"),
    "builtin": function("builtins", "exec"),
    "class of a module": layer("Popen", "subprocess"),
    "old lambda of a module": layer(
        "Lambda", config={"function": "system", "function_type": "function", "module": "os"}
    ),
    "get_file": function("keras.utils", "get_file"),
    "get_file by its source": function("keras.src.utils.file_utils", "get_file"),
    "safe mode": function("keras.config", "enable_unsafe_deserialization"),
    "load_model": layer("Lambda", config={"function": function("keras.models", "load_model")}),
    "loader of operators": function("tensorflow", "load_op_library"),
    "loader of old files": function("keras.src.legacy.saving", "load_model_from_hdf5"),
    "old lambda without its type": layer("Lambda", config={"function": "4wEAAAAAAAAA+/=" * 9}),
    "lambda as source": layer("Lambda", config={"function": "lambda x: print(x)"}),
    "operation that reads": layer("TFOpLambda", config={"function": "io.read_file"}),
    "operation that writes": layer("TFOpLambda", config={"function": "io.write_file"}),
    "torch": layer("TorchModuleWrapper", "keras.layers"),
    "saved model": layer("TFSMLayer", "keras.layers"),
    "vocabulary elsewhere": layer("StringLookup", config={"vocabulary": "/etc/passwd"}),
    "vocabulary by address": layer("TextVectorization", config={"vocabulary": "http://a/b"}),
    "compile settings": {"loss": function("posix", "system")},
}  # fmt: skip
SUSPICIOUS = {
    "foreign module": layer("Net", "mine.layers"),
    "registered": layer("Net", "", registered="Mine>Net"),
    "tools of Keras": function("keras.tools", "draw"),
    "named function": layer("Lambda", config={"function": function("keras.ops", "relu")}),
    "vocabulary in a file": layer("StringLookup", config={"vocabulary": "vocab.txt"}),
    "jax": layer("JaxLayer"),
}
CLEAN = {
    "model": layer("Sequential", "keras", {"layers": [layer("InputLayer")]}),
    "layers": {"class_name": "Sequential", "config": {"layers": [layer("Dense"), layer("ReLU")]}},
    "source path": layer("Functional", "keras.src.models.functional"),
    "tensorflow": layer("Dense", "tensorflow.keras.layers"),
    "activation": layer("Dense", config={"activation": function("keras.activations", "relu")}),
    "vocabulary in place": layer("StringLookup", config={"vocabulary": ["os.system", "b"]}),
    "values": {"class_name": "__tuple__", "items": [1, {"class_name": "__numpy__", "config": {}}]},
    "types": layer("float32", "numpy"),
    "old": {"class_name": "Dense", "config": {"activation": "relu"}},
    "another library's": {"module": "mine", "model_type": "bert"},
}


def worst(data: object) -> Severity | None:
    notes = Notes()
    examine_data(data, notes)
    found = list(notes.findings)
    assert {one.rule for one in found} <= scanners.get("keras").rules.keys()
    return max((one.severity for one in found), key=list(Severity).index, default=None)


@pytest.mark.parametrize("data", UNSAFE.values(), ids=UNSAFE)
def test_what_runs_or_loads_code_is_unsafe(data):
    assert worst({"config": {"layers": [data]}}) is Severity.HIGH


@pytest.mark.parametrize("data", SUSPICIOUS.values(), ids=SUSPICIOUS)
def test_what_needs_foreign_code_is_suspicious(data):
    assert worst({"config": {"layers": [data]}}) is Severity.MEDIUM


@pytest.mark.parametrize("data", CLEAN.values(), ids=CLEAN)
def test_an_ordinary_configuration_has_no_finding(data):
    assert worst(data) is None


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32-le", "utf-8-sig"])
def test_a_configuration_is_read_in_every_encoding_of_json(scan_bytes, encoding):
    content = json.dumps(LAMBDA).encode(encoding)
    assert scan_bytes("keras", content, "config.json").verdict is Verdict.UNSAFE


def test_bytes_that_call_themselves_a_configuration_are_not_clean(scan_bytes):
    assert scan_bytes("keras", b"\x00\x01\x02\x03", "config.json").verdict is Verdict.SUSPICIOUS


def test_what_stands_twice_is_not_clean(scan_bytes):
    """Readers differ in which of the two counts."""
    content = b'{"class_name": "Dense", "config": {"a": 1}, "config": {}}'
    assert scan_bytes("keras", content, "config.json").verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize("pad", [0, 20_000])
def test_a_configuration_is_read_wherever_its_first_class_stands(scan_bytes, pad):
    content = json.dumps({"pad": "x" * pad, "layers": [LAMBDA]}).encode()
    assert scan_bytes("keras", content, "config.json").verdict is Verdict.UNSAFE


def config(data: object, name: str = "model_config") -> tuple[int, bytes]:
    return h5.attribute(name, json.dumps(data).encode())


def child_of(*messages: tuple[int, bytes]) -> bytes:
    """A file whose root links to one object with these messages."""
    child = h5.header(*messages)
    root = h5.header(h5.link("a", h5.q(0)))
    place = h5.places(root, child)[1]
    return h5.build(h5.header(h5.link("a", h5.q(place))), child)


def virtual() -> tuple[int, bytes]:
    return h5.LAYOUT, b"\x04\x03" + bytes(12)


FILES_UNSAFE = {
    "configuration": h5.build(h5.header(config(LAMBDA))),
    "configuration of a child": child_of(config(LAMBDA)),
    "under another name": h5.build(h5.header(config(LAMBDA, "notes"))),
    "older header": h5.build(h5.old_header(config(LAMBDA))),
    "older group": h5.old_file(h5.old_header(config(LAMBDA))),
    "external link": h5.build(h5.header(h5.link("a", b"\0/etc/passwd\0/x\0", 64))),
    "external storage": child_of((h5.EXTERNAL, bytes(16))),
    "virtual dataset": child_of(virtual()),
    "pickle": h5.build(h5.header(h5.attribute("x", b"cos\nsystem\n(S'true'\ntR."))),
    "opaque pickle": h5.build(
        h5.header(
            h5.attribute(
                "x", b"cos\nsystem\n(S'true'\ntR.", kind=h5.string_type(24, 5)
            )
        )
    ),
}  # fmt: skip


def heap(*values: bytes) -> bytes:
    """Where values of any length lie, and the mark of their end."""
    parts = [
        struct.pack("<HH4xQ", place, 1, len(one)) + one + bytes(-len(one) % 8)
        for place, one in enumerate(values, 1)
    ]
    body = b"".join(parts) + bytes(16)
    return b"GCOL\x01\0\0\0" + struct.pack("<Q", 16 + len(body)) + body


def pickled(*values: bytes, kind: bytes = b"object") -> bytes:
    return h5.build(h5.header(h5.attribute("PSEUDOATOM", kind)), heap(*values))


FILES_UNSAFE["pickled values"] = pickled(b"\x80\x04N.", b"cos\nsystem\n(S'true'\ntR.")
NO_UTF8 = json.dumps([LAMBDA, "?"]).encode().replace(b"?", b"\xe8")
AWAY = h5.link("z", b"\0/etc/passwd\0/x\0", 64)[1]
NEAR = [h5.link(name, b"/b", 1)[1] for name in "ab"]
NOTES = h5.attribute("notes", b"none")[1]
FILES_UNSAFE |= {
    f"{what} in a heap{how}": h5.dense(root, kind, *values, is_long=long, split=split)
    for what, root, kind, values in (
        ("links", 0x02, 5, [*NEAR, AWAY]),
        ("attributes", 0x15, 8, [NOTES, config(LAMBDA)[1]]),
    )
    for how, long, split in (("", False, False), (" of rows", False, True), (", long", True, False))
}
FILES_UNSAFE["bytes that are no UTF-8"] = h5.build(h5.header(h5.attribute("model_config", NO_UTF8)))
FILES_UNSAFE["bytes behind"] = h5.build(h5.header(config(LAMBDA))) + b"x"
FILES_UNSAFE["behind a block of the user's"] = bytes(1024) + h5.build(h5.header(config(LAMBDA)))
FILES_CLEAN = {
    "configuration": h5.build(h5.header(config(CLEAN["layers"]))),
    "older group": h5.old_file(h5.old_header(config(CLEAN["layers"]))),
    "dataset": child_of(
        (h5.LAYOUT, b"\x03\x01" + h5.q(48, 8)), (h5.SPACE, b"\x02\x01\x00\x01" + h5.q(2))
    ),
    "links in a heap": h5.dense(0x02, 5, *NEAR),
    "attributes in a heap": h5.dense(0x15, 8, NOTES, NOTES, split=True),
    "soft link": h5.build(h5.header(h5.link("a", b"/b", 1))),
    "nothing": h5.build(h5.header()),
}  # fmt: skip
FILES_CLEAN["pickled values"] = pickled(b"\x80\x04N.", b"\x80\x04K\x01.")
FILES_CLEAN["values that nobody unpickles"] = pickled(b"any text", kind=b"vlstring")
FILES_NOT_CLEAN = {
    "values that are no pickles": pickled(b"\x80\x04c?", kind=b"object"),
    "end": h5.build(h5.header(), end=10_000),
    "bytes behind": h5.build(h5.header()) + bytes(8),
    "root past the end": h5.MAGIC + b"\x02\x08\x08\x00" + h5.q(0, 0, 48, 2**40) + bytes(4),
    "superblock": h5.MAGIC + b"\x09" + bytes(60),
    "cut": h5.build(h5.header(config(LAMBDA)))[:60],
    "message too long": h5.build(
        h5.header((h5.LINK, b"")).replace(b"\x06\x00\x00", b"\x06\xff\xff")
    ),
    "object outside of its heap": h5.dense(0x02, 5, *NEAR).replace(
        struct.pack("<BIH", 0, 21, len(NEAR[0])), struct.pack("<BIH", 0, 510, len(NEAR[0]))
    ),
    "object in its own name": h5.dense(0x02, 5, *NEAR).replace(
        struct.pack("<BIH", 0, 21, len(NEAR[0])), b"\x20" + bytes(6)
    ),
    "attribute without a type": h5.build(h5.header(h5.attribute("a", b"b", kind=b""))),
    "heap without its mark": h5.dense(0x02, 5, *NEAR).replace(b"FRHP", b"FRHQ"),
    "index without its mark": h5.dense(0x02, 5, *NEAR).replace(b"BTLF", b"BTLG"),
    "shared attribute in a heap": h5.dense(0x15, 8, NOTES).replace(
        struct.pack("<BIH", 0, 21, len(NOTES)) + bytes(2),
        struct.pack("<BIH", 0, 21, len(NOTES)) + b"\0\2",
    ),
    "heap of links": h5.build(h5.header((0x02, b"\x00\x00" + h5.q(48, 48)))),
    "heap of attributes": h5.build(h5.header((0x15, b"\x00\x00" + h5.q(48, 48)))),
    "link to nothing": h5.build(h5.header(h5.link("a", h5.q(2**50)))),
    "oversize": child_of(
        (h5.SPACE, b"\x02\x02\x00\x01" + h5.q(2**40, 2**10)), (h5.DATATYPE, h5.string_type(8, 1))
    ),
    "not HDF5": b"\x00\x01" * 50,
}  # fmt: skip


@pytest.mark.parametrize("content", FILES_UNSAFE.values(), ids=FILES_UNSAFE)
def test_a_file_that_carries_code_or_reads_others_is_unsafe(scan_bytes, content):
    assert scan_bytes("keras", content, "model.h5").verdict is Verdict.UNSAFE


@pytest.mark.parametrize("content", FILES_CLEAN.values(), ids=FILES_CLEAN)
def test_an_ordinary_file_is_clean_to_its_last_byte(scan_bytes, content):
    report = scan_bytes("keras", content, "weights.bin")
    assert (report.verdict, report.covered_bytes) == (Verdict.CLEAN, len(content))


@pytest.mark.parametrize("content", FILES_NOT_CLEAN.values(), ids=FILES_NOT_CLEAN)
def test_a_file_that_lies_or_is_not_understood_is_not_clean(scan_bytes, content):
    verdict = scan_bytes("keras", content, "model.h5").verdict
    assert verdict in {Verdict.INCOMPLETE, Verdict.SUSPICIOUS}


def test_a_header_that_continues_in_itself_ends(scan_bytes):
    again = h5.header((0x10, h5.q(h5.START, 64)))
    assert scan_bytes("keras", h5.build(again), "model.h5").verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("head", [b"", b"# text", b"PK\x03\x04", b'{"vocab": 1}'])
def test_what_is_not_keras_is_left_to_others(options, head):
    assert not scanners.get("keras")(options).handles(PurePath("tokenizer.json"), head)
