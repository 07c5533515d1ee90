from __future__ import annotations

import io
import json
import zipfile
from pathlib import PurePath

import pytest

from scanning.scanners import Verdict, scanners
from scanning.scanners._tensors.graphs import graph_formats
from scanning.scanners._tensors.onnx import Onnx
from tests.scanning.protobuf_files import (
    field,
    message,
    node,
    onnx,
    pair,
    saved_model,
    tensor,
    tf_attribute,
    tf_function,
    tf_node,
)


def at(path: str) -> bytes:
    return tensor(("location", path), ("offset", "0"))


def attribute(number: int, content: bytes) -> bytes:
    return message((1, "a"), (number, content), (20, number))


def function(name: str, domain: str, *nodes: bytes) -> bytes:
    return message((25, message((1, name), (10, domain), *((7, one) for one in nodes))))


def graph(*nodes: bytes) -> bytes:
    return message(*((1, one) for one in nodes))


AWAY = at("../../etc/passwd")
BRANCH = attribute(6, message((5, AWAY)))
LAMBDA = json.dumps({"class_name": "Lambda", "config": {"function": ["4wEAAA==", None, None]}})
TF_OBJECTS = (7, message((1, message((4, message((1, "_tf_keras_layer"), (3, LAMBDA)))))))
COREML_NET = message((1, 1), (500, message((1, message((1, "l"), (500, message((10, "Mine"))))))))


def mil(path: str) -> bytes:
    """A Core ML program with one constant in a file."""
    value = message((1, "val"), (2, message((5, message((1, path))))))
    block = message((3, message((1, "const"), (5, value))))
    blocks = message((1, message((1, "CoreML6"))), (3, message((1, "b"), (2, block))))
    return message((1, 8), (502, message((1, 1), (2, message((1, "main"), (2, blocks))))))


def paddle(*operations: bytes) -> bytes:
    return message((1, message((1, 0), (2, 0), *((4, one) for one in operations))))


UNSAFE = {
    "onnx traversal": onnx((5, AWAY)),
    "onnx absolute": onnx((5, at("/etc/passwd"))),
    "onnx windows": onnx((5, at("C:\\weights"))),
    "onnx backslashes": onnx((5, at("a\\..\\..\\b"))),
    "onnx address": onnx((5, at("https://example.org/w"))),
    "onnx first of two places": onnx((5, tensor(("location", "../w"), ("location", "w")))),
    "onnx attribute": onnx((1, node("Constant", "", attribute(5, AWAY)))),
    "onnx list of tensors": onnx((1, node("X", "", attribute(10, AWAY)))),
    "onnx branch": onnx((1, node("If", "", BRANCH))),
    "onnx branch in a branch": onnx(
        (1, node("If", "", attribute(6, message((1, node("If", "", BRANCH))))))
    ),
    "onnx sparse": onnx((15, message((1, AWAY)))),
    "onnx function": onnx(rest=function("f", "mine", node("Constant", "", attribute(5, AWAY)))),
    "onnx training": onnx(rest=message((20, message((2, message((5, AWAY))))))),
    "onnx dunder key": onnx((5, tensor(("location", "w"), ("__class__", "x")))),
    "onnx behind a field of another type": onnx((5, field(1, b"xx")), (5, AWAY)),
    "tf read": saved_model(graph(tf_node("ReadFile"))),
    "tf write": saved_model(graph(tf_node("WriteFile"))),
    "tf in a function": saved_model(tf_function(tf_node("MatchingFiles"))),
    "tf prints to a file": saved_model(
        graph(
            tf_node("PrintV2", tf_attribute("output_stream", message((2, "file:///tmp/x"))))
        )
    ),
    "tf debug address": saved_model(
        graph(
            tf_node(
                "DebugIdentityV3",
                tf_attribute("urls", message((1, message((2, "grpc://example.org")))))
            )
        )
    ),
    "tf asset": saved_model(graph(tf_node("Add")), (6, message((2, "../../x")))),
    "tf keras lambda": saved_model(graph(tf_node("Add")), TF_OBJECTS),
    "frozen graph": graph(tf_node("ReadFile")),
    "meta graph": message((1, message((4, "serve"))), (2, graph(tf_node("WriteFile")))),
    "keras metadata": message((1, message((2, 1), (3, "root"), (5, LAMBDA)))),
    "coreml weights": mil("@model_path/../../weights.bin"),
    "paddle load": paddle(
        message((3, "load"), (4, message((1, "file_path"), (2, 2), (5, "/etc/passwd"))))
    ),
}  # fmt: skip
SUSPICIOUS = {
    "onnx python": onnx((1, node("PyOp", "ai.onnx.contrib"))),
    "onnx python domain": onnx((1, node("Run", "org.python.ops"))),
    "onnx custom": onnx((1, node("Mine", "my.domain"))),
    "onnx custom in a branch": onnx(
        (1, node("If", "", attribute(6, message((1, node("Mine", "my.domain"))))))
    ),
    "onnx odd key": onnx((5, tensor(("location", "w"), ("owner", "x")))),
    "onnx negative": onnx((5, tensor(("location", "w"), ("length", "-1")))),
    "onnx nameless": onnx((5, at("."))),
    "onnx operator of nobody": onnx((1, node("Run", ""))),
    "onnx operator of nobody by the long name": onnx((1, node("Relu2", "ai.onnx"))),
    "onnx operator of nobody for trees": onnx((1, node("Exec", "ai.onnx.ml"))),
    "onnx operator of nobody beside a function": onnx(
        (1, node("Run", "")), rest=function("Run", "mine", node())
    ),
    "onnx far place": onnx((5, tensor(("location", "w"), ("offset", str(2**63))))),
    "onnx place in other digits": onnx((5, tensor(("location", "w"), ("offset", "\u0661")))),
    "onnx length": onnx((5, tensor(("location", "w"), ("length", "9")))),
    "onnx in itself": onnx((5, at("model.onnx"))),
    "onnx shape": onnx((5, tensor(sizes=(3,)))),
    "onnx overflow": onnx((5, tensor(sizes=(2**40, 2**40)))),
    "tf python": saved_model(graph(tf_node("PyFunc"))),
    "tf python in a function": saved_model(tf_function(tf_node("EagerPyFunc"))),
    "tf reader": saved_model(graph(tf_node("TextLineReaderV2"))),
    "tf python by another name": saved_model(graph(tf_node("TfPyOp"))),
    "tf foreign library": saved_model(graph(tf_node("IO>KafkaReadable"))),
    "tf operation of nobody": saved_model(graph(tf_node("DumpTensor"))),
    "tf engine of machine code": saved_model(graph(tf_node("TRTEngineOp"))),
    "tf operation of nobody beside a function": saved_model(
        tf_function(tf_node("f"), tf_node("g"))
    ),
    "tf machine code by name": saved_model(graph(tf_node("XlaCustomCallV2"))),
    "tf network": saved_model(graph(tf_node("DataServiceDatasetV2"))),
    "coreml custom layer": COREML_NET,
    "coreml custom model": message((1, 1), (2, b""), (555, message((10, "Mine")))),
    "coreml in a pipeline": message((1, 1), (202, message((1, COREML_NET)))),
    "caffe python": message(
        (1, "net"), (100, message((1, "p"), (2, "Python"), (130, message((1, "mine"), (2, "L")))))
    ),
    "paddle python": paddle(message((3, "py_func"))),
    "cut": onnx((5, tensor()))[:-9],
    "cut inside": saved_model(graph(tf_node("Add")))[:-3],
}
CLEAN = {
    "onnx": onnx((1, node()), (5, tensor())),
    "onnx with data beside it": onnx((5, at("model.onnx_data")), (5, at("data/w.bin"))),
    "onnx with its own function": onnx(
        (1, node("Mine", "my.domain")), rest=function("Mine", "my.domain", node())
    ),
    "onnx of old exporters": onnx(
        (
            1,
            node("ATen", "org.pytorch.aten"),
        ),
        (1, node("ATen", "")),
    ),
    "onnx of trees": onnx((1, node("TreeEnsembleClassifier", "ai.onnx.ml"))),
    "onnx of microsoft": onnx((1, node("FusedMatMul", "com.microsoft"))),
    "onnx with facts": onnx(rest=message((14, pair("author", "x")))),
    "saved model": saved_model(graph(tf_node("MatMul"), tf_node("PrintV2"))),
    "saved model that calls its function by name": saved_model(
        tf_function(tf_node("Abs")) + graph(tf_node("f"))
    ),
    "saved model of TensorFlow Text": saved_model(graph(tf_node("SentencepieceTokenizeOp"))),
    "saved model with functions": saved_model(tf_function(tf_node("StatefulPartitionedCall"))),
    "saved model with an asset": saved_model(graph(tf_node("Add")), (6, message((2, "vocab.txt")))),
    "frozen graph": graph(tf_node("Add"), tf_node("ReadVariableOp")),
    "coreml": mil("@model_path/weights/weight.bin"),
    "caffe": message(
        (1, "net"),
        (100, message((1, "c"), (2, "Convolution"), (5, 1.0), (7, b"\0" * 9), (106, b"\x08\x02"))),
    ),
    "caffe of old": message((1, "net"), (2, message((2, "a"), (4, "c"), (5, 4), (7, 1.0)))),
    "paddle": paddle(message((3, "conv2d"), (4, message((1, "axis"), (2, 0), (3, 1))))),
    "tokenizer": message(*((1, message((1, p), (2, -1.5), (3, 1))) for p in ("<s>", "os.system"))),
}


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("a.txt", "a")
    return buffer.getvalue()


# In a field that readers pass over, so that the graph is read to its end all the same.
SUSPICIOUS["archive behind"] = onnx(rest=field(14, field(2, archive())))


@pytest.mark.parametrize("content", UNSAFE.values(), ids=UNSAFE)
def test_a_graph_that_reaches_files_is_unsafe(scan_bytes, content):
    assert scan_bytes("graphs", content, "model.bin").verdict is Verdict.UNSAFE


@pytest.mark.parametrize("content", SUSPICIOUS.values(), ids=SUSPICIOUS)
def test_a_graph_that_needs_foreign_code_or_lies_is_suspicious(scan_bytes, content):
    assert scan_bytes("graphs", content, "model.bin").verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize("content", CLEAN.values(), ids=CLEAN)
def test_an_ordinary_graph_is_clean_to_its_last_byte(scan_bytes, content):
    report = scan_bytes("graphs", content, "model.bin")
    assert (report.verdict, report.covered_bytes) == (Verdict.CLEAN, len(content))


@pytest.mark.parametrize("content", [*UNSAFE.values(), *SUSPICIOUS.values(), *CLEAN.values()])
def test_every_finding_has_a_known_rule(scan_bytes, content):
    rules = scanners.get("graphs").rules
    assert {
        one.rule for one in scan_bytes("graphs", content, "model.onnx").findings
    } <= rules.keys()


INCOMPLETE = {
    "unknown field": onnx(rest=field(99, b"x")),
    "unknown field inside": onnx((1, node() + field(99, 1))),
    "operator of a newer version": onnx(
        (1, node("Run", "")), rest=message((8, message((1, ""), (2, 99))))
    ),
    "type of a tensor": onnx((5, message((1, 4), (2, 99), (9, bytes(4))))),
    "group": onnx(rest=b"\xfb\x01\xfc\x01"),
    "compiled part": onnx((1, node("EPContext", "com.microsoft"))),
    "number without end": onnx() + b"\x40" + b"\xff" * 20,
    "no graph": message((1, 8), (2, "tests"), (99, 1)),
    "something else": b"\x00\x01\x02\x03" * 10,
}


@pytest.mark.parametrize("content", INCOMPLETE.values(), ids=INCOMPLETE)
def test_what_is_not_known_is_incomplete(scan_bytes, content):
    assert scan_bytes("graphs", content, "model.onnx").verdict is Verdict.INCOMPLETE


def test_messages_nested_without_end_are_incomplete(scan_bytes):
    inner = node()
    for _ in range(60):
        inner = node("If", "", attribute(6, message((1, inner))))
    assert scan_bytes("graphs", onnx((1, inner)), "model.onnx").verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("head", [b"", b"# text\n", b"PK\x03\x04", b"\x80\x04}.", b"GGUF"])
def test_what_is_no_graph_is_left_to_others(options, head):
    assert not scanners.get("graphs")(options).handles(PurePath("model.bin"), head)


def test_tensors_are_not_read(tmp_path, options):
    path = tmp_path / "sparse.onnx"
    size = 2**30
    inner = message((1, size // 4), (2, 1)) + b"\x4a" + varint_of(size)
    initializer = b"\x2a" + varint_of(len(inner) + size) + inner
    head = message((1, 8)) + b"\x3a" + varint_of(len(initializer) + size) + initializer
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + size)
    report = scanners.get("graphs")(options).scan(path, PurePath("sparse.onnx"))
    assert (report.verdict, report.findings) == (Verdict.CLEAN, ())


def varint_of(value: int) -> bytes:
    return field(1, value)[1:]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ('node { name: "a" op: "WriteFile" }', Verdict.UNSAFE),
        ("node { op_type: 'PyFunc' }", Verdict.SUSPICIOUS),
        ('external_data { key: "location" value: "../../w" }', Verdict.UNSAFE),
        ('node { op: "MatMul" } external_data { key: "location" value: "w" }', Verdict.CLEAN),
    ],
)
def test_graphs_as_text_are_judged_by_their_operations(scan_bytes, text, verdict):
    report = scan_bytes("graphs", text.encode() * 3, "graph.pbtxt")
    assert report.verdict is verdict, report.findings
    assert {one.rule for one in report.findings} <= scanners.get("graphs").rules.keys()


def test_a_graph_is_one_wherever_its_beginning_is_cut():
    nodes = [(1, node())] * 30
    content = onnx(*nodes)
    begun = content.index(node()) + len(node())
    kinds = [graph_formats(content[:end]) for end in range(begun, len(content) - 20)]
    assert all(Onnx in one for one in kinds)
