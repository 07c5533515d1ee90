"""Weights in forms of their own: whole ones are clean, and any other size than told is not."""

from __future__ import annotations

import pytest

from scanning.scanners import Verdict, scanners
from scanning.scanners._tensors.counted_weights import _masked_sum
from tests.scanning import weight_files as made

WHOLE = {
    "fasttext": made.fasttext(),
    "fasttext packed": made.fasttext(packed=True),
    "word2vec": made.word2vec(),
    "word2vec with lines": made.word2vec(lines=True),
    "whisper": made.whisper(),
    "llama": made.old_llama(),
    "llama unaligned": made.old_llama(aligned=False),
    "imatrix": made.imatrix(),
    "imatrix unnamed": made.imatrix(named=False),
    "ctranslate2": made.ctranslate2(),
    "paddle": made.paddle_parameters(),
    "mxnet": made.mxnet_parameters(),
    "core ml": made.coreml_weights(),
    "tensorboard": made.tensorboard(),
    "tensor bundle": made.tensor_bundle(),
    "faiss": made.faiss_flat(),
    "faiss in lists": made.faiss_lists(),
    "faiss as a graph": made.faiss_graph(),
    "hnswlib": made.hnswlib(),
}
CALL = b"cposix\nsystem\n(S'true'\ntR."


def verdicts(tmp_path, options, content: bytes, name: str = "model.bin") -> dict[str, Verdict]:
    """Of every engine of ours that takes the file."""
    scanners.load()
    path = tmp_path / name
    path.write_bytes(content)
    engines = [cls(options) for cls in scanners if not (cls.is_foreign or cls.needs_network)]
    ours = [one for one in engines if one.handles(path, content[: 16 * 1024])]
    return {one.slug: one.scan(path, path).verdict for one in ours}


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
def test_a_whole_file_is_clean_to_all_who_take_it(tmp_path, options, content):
    found = verdicts(tmp_path, options, content)
    assert "plain_weights" in found
    assert set(found.values()) == {Verdict.CLEAN}


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize(
    "change", [lambda whole: whole[:-3], lambda whole: whole + b"more bytes"], ids=["cut", "longer"]
)
def test_a_file_that_is_cut_or_goes_on_is_not_clean(tmp_path, options, content, change):
    found = verdicts(tmp_path, options, change(content))
    assert found["plain_weights"] in {Verdict.SUSPICIOUS, Verdict.INCOMPLETE}


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
def test_a_pickle_behind_it_is_not_clean(tmp_path, options, content):
    assert set(verdicts(tmp_path, options, content + CALL).values()) != {Verdict.CLEAN}


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (made.fasttext().replace(made.pack("2i", 3, 3), made.pack("2i", 3, 2)), "weights_invalid"),
        (made.word2vec().replace(b"5 4", b"900 4"), "weights_invalid"),
        (made.coreml_weights()[:64] + made.coreml_weights(1)[64:], "weights_invalid"),
        (made.tensorboard()[:-30] + bytes(30), "weights_invalid"),
        (made.faiss_lists().replace(b"full", b"some"), "weights_invalid"),
        (made.hnswlib()[:-8] + made.pack("2I", 5, 0), "weights_invalid"),
        (made.tensor_bundle({"w": made.message((1, 1), (5, 8))}), "weights_invalid"),
        (made.tensor_bundle({"w": made.message((4, 2**63 - 1), (5, 4))}), "weights_invalid"),
    ],
)  # fmt: skip
def test_a_size_that_lies_is_suspicious(scan_bytes, content, rule):
    report = scan_bytes("plain_weights", content, "model.bin")
    assert report.verdict is Verdict.SUSPICIOUS
    assert {one.rule for one in report.findings} == {rule}
    assert rule in scanners.get("plain_weights").rules


def test_tensors_of_any_size_lie_where_an_index_says(scan_bytes):
    texts = made.message((1, 7), (5, 99))
    parted = made.message((1, 1), (2, b"\x12\x02\x08\x09"), (7, b""))
    content = made.tensor_bundle({"texts": texts, "parted": parted})
    assert scan_bytes("plain_weights", content, "variables.index").verdict is Verdict.CLEAN


def test_blocks_that_are_packed_are_incomplete(scan_bytes):
    content = made.tensor_bundle()
    at = content.index(made.pack("2I", 0, 1)) + 8
    packed = content[:at] + b"\1" + content[at + 1 :]
    assert scan_bytes("plain_weights", packed, "variables.index").verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    "content",
    [
        made.ctranslate2(9),
        made.whisper().replace(b"w", b"wxyz"),
        pytest.param(made.faiss_lists(b"ilod"), id="lists in another file, which its reader opens"),
        pytest.param(made.faiss_head(b"IxZZ"), id="an index of a new kind"),
        pytest.param(made.faiss_head(b"IxMp") * 20, id="indexes within indexes"),
    ],
)
def test_a_form_that_is_not_known_to_its_end_is_incomplete(scan_bytes, content):
    assert scan_bytes("plain_weights", content, "model.bin").verdict is Verdict.INCOMPLETE


def test_the_sum_of_records_is_that_of_its_definition():
    assert _masked_sum(b"123456789") == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) % 2**32
