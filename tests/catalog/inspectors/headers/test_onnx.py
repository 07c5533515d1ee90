from __future__ import annotations

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.headers.onnx import REMOTE, read_onnx
from catalog.inspectors.headers.onnx_tensors import OnnxValue
from catalog.inspectors.headers.ranges import LOCAL
from tests.catalog.inspectors.headers.files import (
    brief_ids,
    field,
    onnx,
    onnx_node,
    onnx_tensor,
    onnx_value,
    varint,
)
from tests.catalog.inspectors.memory import MemoryReader

PATH = "model.onnx"
INPUT, OUTPUT = onnx_value("x", 1, ["batch", 64]), onnx_value("y", 1, [1, 8])


def read(content, budget=LOCAL):
    problems = Problems()
    reader = MemoryReader({PATH: content})
    return read_onnx(reader, PATH, problems, budget=budget), problems.found, reader


def test_a_graph_is_described():
    nodes = [onnx_node("MatMul", ["x", "w"]), onnx_node("FusedGelu", ["h"], "com.microsoft")]
    tensors = [onnx_tensor("w", 1, [64, 8]), onnx_tensor("b", 10, [8]), onnx_tensor("s", 7, [2])]
    found, problems, reader = read(onnx(nodes, tensors, [INPUT], [OUTPUT]))
    assert problems == []
    assert (found.ir_version, found.producer, found.producer_version) == (8, "pytorch", "2.1")
    assert found.opsets == {"ai.onnx": 17, "com.microsoft": 1}
    assert found.metadata == {"k": "v"}
    assert found.inputs == (OnnxValue("x", "float32", ("batch", 64)),)
    assert found.outputs == (OnnxValue("y", "float32", (1, 8)),)
    assert (found.operators, found.nodes) == (("com.microsoft:FusedGelu",), 2)
    assert found.custom_domains == ("com.microsoft",)
    assert found.num_params == 520
    assert found.by_dtype == {"float16": 8, "float32": 512, "int64": 2}
    assert found.weights_bytes == 512 * 4 + 8 * 2 + 2 * 8
    assert len(reader.read) <= 2


def test_weights_in_another_file_count():
    tensor = onnx_tensor("w", 1, [1000, 50], location="model.onnx_data", offset="0")
    found, _, _ = read(onnx(tensors=[tensor], inputs=[INPUT], outputs=[OUTPUT]))
    assert found.num_params == 50_000
    assert found.weights_bytes == 200_000
    assert found.external_files == ("model.onnx_data",)


def test_initializers_that_are_listed_as_inputs_are_none():
    weight = onnx_value("w", 1, [2])
    found, _, _ = read(onnx(tensors=[onnx_tensor("w", 1, [2])], inputs=[INPUT, weight]))
    assert [value.name for value in found.inputs] == ["x"]


def large(count=20):
    tensors = [onnx_tensor(f"w{n}", 1, [100, 1000]) for n in range(count)]
    return onnx([onnx_node("MatMul", ["x", "w0"])], tensors, [INPUT], [OUTPUT])


def test_the_values_of_tensors_are_not_read():
    content = large()
    found, problems, reader = read(content)
    assert (found.num_params, problems) == (2_000_000, [])
    assert sum(end - start for _, start, end in reader.read) < len(content) // 4


def test_inputs_and_outputs_are_found_at_the_end_where_the_middle_is_too_much():
    found, problems, reader = read(large(), REMOTE)
    assert sum(end - start for _, start, end in reader.read) < 16_000
    assert found.inputs == (OnnxValue("x", "float32", ("batch", 64)),)
    assert found.outputs == (OnnxValue("y", "float32", (1, 8)),)
    assert (found.opsets["ai.onnx"], found.metadata) == (17, {"k": "v"})
    assert (found.num_params, found.weights_bytes, found.nodes) == (None, None, None)
    assert problems == ["model.onnx: its graph was not read to its end"]


def test_an_end_that_cannot_be_told_is_named():
    content = onnx(tensors=[onnx_tensor(f"w{n}", 1, [100, 1000]) for n in range(20)])
    found, problems, _ = read(content, REMOTE)
    assert found.inputs == ()
    assert problems[1] == "model.onnx: its inputs and outputs were not found"


WEIGHTS = onnx_tensor("B", 2, [128, 8, 16], bytes(16384))


@pytest.mark.parametrize(
    ("nodes", "tensors", "expected"),
    [
        ([onnx_node("MatMulNBits", ["x", "B", "s", "z"], "com.microsoft", K=256, N=128, bits=4)],
         [WEIGHTS, onnx_tensor("s", 1, [1024]), onnx_tensor("z", 2, [512])], 256 * 128),
        ([onnx_node("GatherBlockQuantized", ["B", "i", "s"], "com.microsoft", bits=4)],
         [WEIGHTS, onnx_tensor("s", 1, [1024])], 2 * 16384),
        ([onnx_node("GatherBlockQuantized", ["B", "i", "s"], "com.microsoft", bits=1 << 60)],
         [WEIGHTS], 16384),
        ([onnx_node("DequantizeLinear", ["B", "s", "z"])],
         [WEIGHTS, onnx_tensor("s", 1, [128]), onnx_tensor("z", 2, [128])], 16384),
        ([], [WEIGHTS, onnx_tensor("B_scale", 1, [128]), onnx_tensor("half", 1, [])], 16384),
        ([], [onnx_tensor("w", 22, [3, 5]), onnx_tensor("e", 21, [4])], 15),
        ([onnx_node("QMoE", ["x", "B"], "com.microsoft")], [WEIGHTS], None),
        ([], [onnx_tensor("shape", 7, [4])], None),
    ],
    ids=["nbits", "gather", "odd bits", "dequantize", "names", "four bits", "unknown", "none"],
)  # fmt: skip
def test_packed_weights_are_counted_by_their_operators(nodes, tensors, expected):
    assert read(onnx(nodes, tensors))[0].num_params == expected


def test_tensors_of_branches_count():
    branch = field(5, onnx_tensor("w", 1, [4, 4])) + field(11, onnx_value("inner", 1, []))
    nodes = [onnx_node("If", ["c"], attributes=field(5, field(1, "then") + field(6, branch)))]
    found, _, _ = read(onnx(nodes, [], [INPUT], [OUTPUT]))
    assert found.num_params == 16
    assert [value.name for value in found.inputs] == ["x"]


def nested(depth):
    graph = b""
    for _ in range(depth):
        graph = field(1, field(4, "If") + field(5, field(6, graph)))
    return field(1, 8) + field(7, graph)


HUGE = (1 << 64) - 1


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "it holds no graph"),
        (field(1, 8), "it holds no graph"),
        (onnx(graphs=2), "it holds two graphs"),
        (nested(2000), "its graphs are nested too deeply"),
        (field(1, 8) + varint(7 << 3 | 2) + varint(HUGE), "a field claims 18446744073709551615"),
        (b"\xff" * 40, "an endless number"),
        (b"\x0f" * 40, "no usable field"),
        (field(1, 8) + b"\x3a\x05\x0a\x7f", "a field claims 5 bytes"),
        (field(1, 8) + field(7, b"\x2a\x7f"), "a field claims 127 bytes"),
        (onnx(tensors=[onnx_tensor("w", 1, [HUGE], b"")]), "a tensor has no usable shape"),
        (onnx(tensors=[onnx_tensor("w", 1, [1] * 99, b"")]), "a tensor has no usable shape"),
    ],
    ids=brief_ids(),
)
def test_a_graph_that_lies_is_a_named_problem(content, fault):
    found, problems, _ = read(content)
    assert found is None
    assert problems[0].startswith("model.onnx is no valid ONNX file: ")
    assert fault in problems[0]


def test_a_graph_that_ends_early_is_named_wherever_it_ends():
    content = onnx([onnx_node("If", ["x"], K=4)], [onnx_tensor("w", 1, [2])], [INPUT], [OUTPUT])
    graph_end = content.index(field(8, field(2, 17)))
    for end in range(graph_end):
        found, problems, _ = read(content[:end])
        assert found is None
        assert problems


def test_types_and_shapes_that_are_not_known_are_said_so():
    odd = field(1, "a\x00b") + field(2, field(4, b""))
    open_size = onnx_value("z", 99, [HUGE])
    found, _, _ = read(onnx(inputs=[odd, open_size]))
    assert found.inputs == (OnnxValue("a b", "", None), OnnxValue("z", "type 99", (None,)))
