"""Constant paths in graphs of TensorFlow, and what they reach."""

from __future__ import annotations

import pytest

from scanning.scanners import Verdict, scanners
from tests.scanning.protobuf_files import (
    message,
    saved_model,
    tf_attribute,
    tf_function,
    tf_node,
)


def graph(*nodes):
    return message(*((1, one) for one in nodes))


def const(name, text):
    tensor_of = message((1, 7), (8, text))
    return message((1, name), (2, "Const"), (5, tf_attribute("value", message((8, tensor_of)))))


def acting(operation, *inputs, name="x"):
    return message((1, name), (2, operation), *((3, one) for one in inputs))


def asset_of(tensor_name, file_name):
    return 6, message((1, message((1, tensor_name))), (2, file_name))


def listed(text):
    return message((1, message((2, text))))


UNSAFE = {
    "input of records": saved_model(
        graph(tf_node("RecordInput", tf_attribute("file_pattern", message((2, "../*")))))
    ),
    "copy with an address": graph(
        tf_node("CopyHost", tf_attribute("ops", listed("X;grpc://example.org;1")))
    ),
    "save": saved_model(graph(const("a", "/etc/x"), acting("SaveV2", "a:0"))),
    "in parts": saved_model(
        graph(
            const("a", "/etc"),
            const("b", "x"),
            acting("StringJoin", "a", "b", name="j"),
            acting("MergeV2Checkpoints", "p", "j"),
        )
    ),
    "restore": saved_model(graph(const("a", "gs://x/y"), acting("RestoreV2", "a"))),
    "fill a table": saved_model(
        graph(const("v", "/etc/passwd"), acting("InitializeTableFromTextFileV2", "t", "v"))
    ),
    "save to what is called an asset": saved_model(
        graph(const("a", "/etc/x"), acting("SaveV2", "a")), asset_of("a:0", "x")
    ),
    "for a function": saved_model(
        graph(const("a", "/home/a/.ssh/x"), acting("StatefulPartitionedCall", "a"))
        + tf_function(acting("SaveV2", "file_prefix"))
    ),
    "in a function": saved_model(
        tf_function(const("a", "/etc/x"), acting("SaveV2", "^b", "a:output:0"))
        + tf_function(const("b", "x"))
    ),
    "in a function, named like an asset": saved_model(
        tf_function(const("v", "/etc/x"), acting("InitializeTableFromTextFileV2", "t", "v")),
        asset_of("v:0", "vocab.txt"),
    ),
    "in a circle": saved_model(
        graph(
            acting("Merge", "m", "a", name="m"), const("a", "/etc/x"), acting("SaveV2", "^m", "m")
        )
    ),
}
CLEAN = {
    "vocabulary that is an asset": saved_model(
        graph(const("v", "/home/me/vocab.txt"), acting("InitializeTableFromTextFileV2", "t", "v")),
        asset_of("v:0", "vocab.txt"),
    ),
    "saving itself": saved_model(
        graph(
            const("a", "_temp/part"),
            acting("Placeholder", name="p"),
            acting("StringJoin", "p", "a", name="j"),
            acting("SaveV2", "j"),
        )
    ),
    "text that is no path": saved_model(
        graph(const("a", "\\s+"), acting("PartitionedCall", "a"), acting("SaveV2", "p"))
    ),
    "names and values of what is saved": saved_model(
        graph(const("n", "../n"), acting("Save", "p", "n", "^n"), acting("RestoreV2", "p", "n"))
    ),
    "what only comes before": saved_model(graph(const("a", "/etc/x"), acting("SaveV2", "^a", "p"))),
    "a name that another function has": saved_model(
        graph(const("a", "../x"), tf_node("Add"))
        + tf_function(const("b", "../x"))
        + tf_function(acting("Identity", "a", "b", name="i"), acting("SaveV2", "i"))
    ),
    "path that nothing acts on": saved_model(graph(const("a", "/etc/x"), tf_node("Add"))),
}


@pytest.mark.parametrize("content", UNSAFE.values(), ids=UNSAFE)
def test_a_fixed_path_that_is_acted_on_is_unsafe(scan_bytes, content):
    report = scan_bytes("graphs", content, "saved_model.pb")
    assert report.verdict is Verdict.UNSAFE
    assert {one.rule for one in report.findings} <= scanners.get("graphs").rules.keys()


@pytest.mark.parametrize("content", CLEAN.values(), ids=CLEAN)
def test_other_paths_are_clean(scan_bytes, content):
    assert scan_bytes("graphs", content, "saved_model.pb").verdict is Verdict.CLEAN


def test_sums_beside_a_model_are_clean(scan_bytes):
    content = message(*((one, 2**62 + one) for one in range(1, 6)), (6, message((1, 2))))
    assert scan_bytes("graphs", content, "fingerprint.pb").verdict is Verdict.CLEAN
