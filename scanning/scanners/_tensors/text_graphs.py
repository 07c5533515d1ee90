"""Graphs written as text (.pbtxt and the like): their operations and the files that they name."""

from __future__ import annotations

import re
from typing import BinaryIO

from scanning.scanners._tensors.notes import Notes
from scanning.scanners._tensors.paths import leads_away
from scanning.scanners._tensors.tensorflow import judge_operation
from scanning.scanners.base import MEBIBYTE, Severity

TEXT_SUFFIXES = frozenset({".pbtxt", ".prototxt", ".textproto", ".onnxtxt", ".onnx"})
MAX_TEXT = 64 * MEBIBYTE
_WORD = r"""\s*:\s*["']([^"'\n]{1,300})["']"""
_OPERATION = re.compile(r"\b(?:op|op_type|type)" + _WORD)
_PLACE = re.compile(r"\bkey" + r"""\s*:\s*["']location["'](?:\s*,)?\s*""" + r"value" + _WORD)


def examine_text_graph(stream: BinaryIO, notes: Notes) -> None:
    text = stream.read(MAX_TEXT + 1)
    if len(text) > MAX_TEXT:
        notes.gap("more text than is read")
    plain = text.decode("utf-8", "replace")
    for match in _OPERATION.finditer(plain):
        judge_operation(notes, match[1], "a text")
    for match in _PLACE.finditer(plain):
        if leads_away(match[1]):
            message = "reads tensors from a file outside of its folder"
            notes.add("onnx_external_path", Severity.HIGH, message, match[1])
