"""Numbers alone, that a graph beside them has: clean where they are nothing else."""

from __future__ import annotations

import struct
from pathlib import PurePath

import pytest

from scanning.scanners import Verdict, scanners
from tests.scanning.archives import zipped
from tests.scanning.pickles import EVIL_4
from tests.scanning.test_plain_weights import CALL, verdicts

NUMBERS = struct.pack("<64f", *(0.5 / (one + 1) for one in range(64)))
NAMES = [
    "model.onnx_data",
    "model.onnx.data",
    "onnx/model_q4.onnx_data_1",
    "variables/variables.data-00000-of-00001",
    "model.ckpt-100.data-00003-of-00012",
    "openvino_model.bin",
]


@pytest.mark.parametrize("content", [NUMBERS, bytes(4096)], ids=["numbers", "zeros"])
@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_clean(tmp_path, options, name, content):
    found = verdicts(tmp_path, options, content, PurePath(name).name)
    assert found["raw_tensors"] is Verdict.CLEAN
    assert set(found.values()) == {Verdict.CLEAN}


@pytest.mark.parametrize(
    "name", ["model.bin", "data-00000-of-00001", "onnx_data", "x.onnx_data.py"]
)
def test_under_other_names_they_stay_unread(name):
    assert not scanners.get("raw_tensors").handles(
        scanners.get("raw_tensors"), PurePath(name), NUMBERS
    )


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(EVIL_4, id="a pickle"),
        pytest.param(CALL, id="an old pickle"),
        pytest.param(zipped({"a.pkl": EVIL_4}), id="an archive"),
        pytest.param(NUMBERS + zipped({"a.pkl": EVIL_4}), id="an archive behind"),
        pytest.param(b"\x7fELF\x02\x01\x01" + bytes(64), id="a program"),
        pytest.param(b"#!/bin/sh\ntrue\n", id="a script"),
    ],
)
@pytest.mark.parametrize("name", ["model.onnx_data", "openvino_model.bin"])
def test_what_is_something_else_is_not_clean_by_its_name(tmp_path, options, content, name):
    found = verdicts(tmp_path, options, content, name)
    assert found.get("raw_tensors") is not Verdict.CLEAN
    assert set(found.values()) != {Verdict.CLEAN}


def test_a_text_is_no_numbers(tmp_path, options):
    assert "raw_tensors" not in verdicts(tmp_path, options, b"words\n", "model.onnx_data")
