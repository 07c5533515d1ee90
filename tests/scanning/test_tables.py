"""Tables of tensors are read from headers, and nothing in a pickle is run for them."""

from __future__ import annotations

import pytest

from scanning.sandbox import Target
from scanning.tables.reading import read_tables
from scanning.tables.table import Tensor, read_safetensors
from scanning.tables.torch import NoTableError, read_torch
from tests.scanning import pickles, twin_files
from tests.scanning.twin_files import BOTH


@pytest.fixture
def write(tmp_path):
    def write(content, name="weights"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def shapes(table):
    return {name: tensor.shape for name, tensor in table.items()}


def legacy(table: bytes) -> bytes:
    before = [pickles.pickle(b"M\xe9\x03"), pickles.pickle(b"}")]
    return pickles.TORCH_MAGIC + b"".join(before) + table + pickles.pickle(b"]") + bytes(64)


@pytest.mark.parametrize("evil", [False, True])
def test_a_zip_of_torch_tells_its_tensors_whatever_else_is_in_it(write, evil):
    assert shapes(read_torch(write(twin_files.pytorch(evil=evil)))) == BOTH


def test_the_older_form_of_torch_tells_them_too(write):
    assert shapes(read_torch(write(legacy(twin_files.table(BOTH))))) == BOTH


def test_shared_storages_are_known(write):
    table = read_torch(write(twin_files.pytorch(shared={"head.weight": "embed.weight"})))
    assert table["head.weight"] == table["embed.weight"]
    assert table["norm.bias"] == Tensor((2,), "Float", "2:0")


def test_a_table_inside_a_checkpoint_is_found(write):
    inner = twin_files.table(BOTH)[2:-1]
    whole = pickles.pickle(
        b"}", pickles.text("epoch"), b"K\x01s", pickles.text("state_dict"), inner, b"s"
    )
    assert shapes(read_torch(write(pickles.torch_zip(whole)))) == BOTH


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04.",
        pickles.EVIL,
        pickles.CLEAN,
        pickles.torch_zip(pickles.EVIL),
        pickles.torch_zip(twin_files.table(BOTH)[:-3]),
        pickles.torch_zip(b"\x80\x04tu."),
        pickles.torch_zip(pickles.pickle(b"\x82\x01")),
        pickles.torch_zip(pickles.pickle(b"K\x01Q")),
        b"\x80\x04h\x07.",
        b"\xff" * 500,
    ],
)
def test_what_is_no_table_is_none(write, content):
    with pytest.raises(NoTableError):
        read_torch(write(content))


def test_a_safetensors_header_tells_its_tensors(write):
    assert shapes(read_safetensors(write(twin_files.safe()))) == BOTH


@pytest.mark.parametrize("content", [b"", b"\xff" * 8 + b"{}", b"\x02" + bytes(7) + b"[]"])
def test_a_header_that_is_none_is_an_error(write, content):
    with pytest.raises((ValueError, TypeError)):
        read_safetensors(write(content))


def test_files_that_belong_together_are_one_table(write, tmp_path):
    halves = [dict(list(BOTH.items())[:1]), dict(list(BOTH.items())[1:])]
    targets = [
        Target(write(twin_files.pytorch(half), f"{n}.bin"), f"{n}.bin")
        for n, half in enumerate(halves)
    ]
    whole = read_tables(targets, tmp_path)
    assert shapes(whole) == BOTH
    assert len({tensor.bytes_of for tensor in whole.values()}) == len(BOTH)
    broken = Target(write(pickles.EVIL, "x.bin"), "x.bin")
    assert read_tables([*targets, broken], tmp_path) is None
