"""What weights are by their content: the names of files are only where it begins."""

from __future__ import annotations

import json

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.contents import MOST_LOOKED_AT, formats_of, look
from catalog.inspectors.inspect import inspect_version
from core.errors import UpstreamForbiddenError
from tests.catalog.inspectors.headers.files import gguf, onnx, onnx_node, onnx_tensor, zipped
from tests.catalog.inspectors.headers.test_dispatch import FORMS
from tests.catalog.inspectors.headers.test_other_formats import (
    FLOAT32,
    SPEECH,
    ctranslate2,
    whisper,
)
from tests.catalog.inspectors.memory import MemoryReader, listing_of

PICKLE, TORCH, TENSORS = FORMS["pickle"], FORMS["torch"], FORMS["safetensors"]
BERT = {
    "model_type": "bert", "architectures": ["BertModel"], "hidden_size": 32, "vocab_size": 100,
    "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64,
    "max_position_embeddings": 64, "type_vocab_size": 2,
}  # fmt: skip


def inspected(files, **options):
    files = {"README.md": "", **files}
    return inspect_version(MemoryReader(files), listing_of(files), **options)


@pytest.mark.parametrize(
    ("files", "formats"),
    [
        ({"model.bin": FORMS["ctranslate2"]}, "ctranslate2"),
        ({"ggml-base.bin": whisper()}, "ggml"),
        ({"weights.bin": whisper()}, "ggml"),
        ({"model-ggmlv3.q4_0.bin": FORMS["ggjt"]}, "ggml"),
        ({"pytorch_model.bin": TORCH}, "pickle"),
        ({"pytorch_model.bin": FORMS["torch legacy"]}, "pickle"),
        ({"model.ckpt": PICKLE}, "pickle"),
        ({"model.safetensors": TENSORS, "pytorch_model.bin": TORCH}, "pickle safetensors"),
        ({"m.onnx": FORMS["onnx"], "m.gguf": gguf()}, "gguf onnx"),
        ({"m.keras": FORMS["keras"]}, "keras"),
        ({"m.h5": FORMS["hdf5"]}, "keras"),
        ({"model.tflite": FORMS["tflite"]}, "tflite"),
        ({"training_args.bin": PICKLE, "notes.txt": "x"}, ""),
    ],
)
def test_formats_are_what_was_found(files, formats):
    assert inspected(files).config.formats == tuple(formats.split())


@pytest.mark.parametrize(
    ("files", "formats"),
    [
        # Content that nobody knows stays what its name says, where that may be a pickle.
        ({"pytorch_model.bin": b"abc"}, "pickle"),
        ({"pytorch_model.bin": zipped({"a.txt": b"x"})}, "pickle"),
        ({"model.bin": FORMS["gguf"]}, "pickle"),
        ({"model.pt": FORMS["tflite"]}, "pickle"),
        ({"model.h5": b"abc"}, "keras"),
        # And a pickle is one, whatever it is called.
        ({"weights.bin": TORCH}, "pickle"),
        ({"ggml-base.bin": PICKLE}, "pickle"),
        ({"model.onnx": PICKLE}, "pickle"),
        ({"model.h5": TORCH}, "keras pickle"),
        ({"model.safetensors": TORCH}, "pickle"),
        ({"model.gguf": PICKLE}, "pickle"),
    ],
)
def test_a_rule_against_pickles_is_not_fooled_by_a_name(files, formats):
    found = inspected(files)
    assert found.config.formats == tuple(formats.split())


@pytest.mark.parametrize(
    ("path", "content", "why"),
    [
        ("rand.onnx", b"abc", "its content is of no known format"),
        ("rand.bin", b"abc", "its content is of no known format"),
        ("model.onnx", PICKLE, "a pickle, which is not read"),
        ("model.tflite", FORMS["hdf5"], "HDF5: its attributes are not read"),
        ("pytorch_model.bin", FORMS["gguf"], "its content is gguf"),
    ],
)
def test_a_file_that_is_not_what_it_is_called_is_named(path, content, why):
    problem = f"{path} does not hold what its name says: {why}"
    assert problem in inspected({path: content}).problems


@pytest.mark.parametrize(
    "files",
    [
        {"model.bin": FORMS["ctranslate2"]},
        {"ggml-tiny.bin": whisper()},
        {"model.pkl": b"(dp0\n."},
        {"model.safetensors": TENSORS, "vocabulary.bin": b"abc"},
        {"pytorch_model.bin": TORCH},
    ],
)
def test_what_is_in_order_is_not_named(files):
    assert not [text for text in inspected(files).problems if "name says" in text]


def test_at_a_source_only_so_many_files_are_looked_at_and_parts_of_a_set_not_at_all():
    many = {f"ggml-{n}.bin": whisper() for n in range(20)}
    parts = {f"pytorch_model-{n:05}-of-00009.bin": TORCH for n in range(1, 10)}
    reader = MemoryReader(many | parts)
    forms = look(reader, reader.files, Problems(), headers=True, at_hand=False)
    assert len(forms) == len(reader.read) == MOST_LOOKED_AT
    assert formats_of(reader.files, forms) == ("ggml", "pickle")
    assert len(look(reader, reader.files, Problems(), headers=True, at_hand=True)) == len(many)


def test_what_may_not_be_read_keeps_its_name_and_is_asked_for_once():
    class Closed(MemoryReader):
        def read_range(self, path, start, end):
            self.read.append(path)
            raise UpstreamForbiddenError("it is gated")

    reader = Closed({"a.bin": b"", "model.bin": b"x", "pytorch_model.bin": b"x"})
    forms = look(reader, reader.files, Problems(), headers=True, at_hand=False)
    assert (forms, len(reader.read)) == ({}, 1)
    assert formats_of(reader.files, forms) == ("pickle",)


def test_a_speech_model_of_whisper_cpp_is_known_by_its_header():
    base = (51865, 1500, 512, 8, 6, 448, 512, 8, 6, 80, 1)
    found = inspected({"ggml-base.bin": whisper(base)})
    config = found.config
    assert (found.model_type, config.task, config.family) == ("audio", "asr", "whisper")
    assert (config.mel_bins, config.sample_rate, config.num_layers) == (80, 16000, 6)
    assert (config.vocab_size, config.hidden_size) == (51865, 512)
    assert config.num_params == 72_593_920  # of openai/whisper-base
    assert config.num_params_how.startswith("computed from the header of a GGML file")
    assert (config.dtype, config.quantization) == ("F16", None)
    assert config.files == ("ggml-base.bin",)
    assert config.weights_bytes == len(whisper(base))
    assert found.problems == ()


def test_of_several_speech_models_only_what_they_share_is_told():
    files = {"ggml-base.bin": whisper(), "ggml-small.bin": whisper((*SPEECH[:9], 128, 1))}
    config = inspected(files).config
    assert (config.family, config.mel_bins, config.vocab_size) == ("whisper", None, 51865)
    assert (config.files, config.quantization) == ((), None)
    many = {f"ggml-{n}.bin": whisper() for n in range(MOST_LOOKED_AT + 1)}
    config = inspected(many).config
    assert (config.family, config.task, config.vocab_size) == ("whisper", "asr", None)


def test_a_packed_speech_model_says_how_and_one_for_english_that_it_is():
    config = inspected({"ggml-tiny.en-q5_0.bin": whisper((51864, *SPEECH[1:]))}).config
    assert (config.quantization.method, config.quantization.scheme) == ("ggml", "Q5_0")
    assert config.languages == ("en",)


def graph(location="model.onnx_data"):
    data = {"location": location, "length": "8192"} if location else {}
    return onnx([onnx_node("MatMul", ["x", "w"])], [onnx_tensor("w", 1, (64, 32), **data)])


@pytest.mark.parametrize("folder", ["", "onnx/"])
def test_a_graph_and_its_data_are_one_set_and_its_header_counts(folder):
    files = {
        f"{folder}model.onnx": graph(),
        f"{folder}model.onnx_data": bytes(8192),
        "config.json": BERT,
    }
    config = inspected(files).config
    assert config.files == (f"{folder}model.onnx", f"{folder}model.onnx_data")
    assert config.weights_bytes == 8192 + len(graph())
    assert (config.num_params, config.num_params_how) == (
        2048,
        "counted from the tensors of one file",
    )


def test_data_of_a_graph_may_have_any_name_and_be_missing():
    found = inspected({"model.onnx": graph("values"), "values": bytes(8192)})
    assert found.config.files == ("model.onnx", "values")
    found = inspected({"model.onnx": graph("gone/values")})
    assert "The ONNX graph keeps values in gone/values, which is not there" in found.problems


def test_of_flavors_of_a_graph_one_is_taken():
    flavors = ("model", "model_fp16", "model_q4", "model_quantized")
    files = {f"onnx/{name}.onnx": graph("") for name in flavors}
    config = inspected({**files, "config.json": BERT}).config
    assert (config.files, config.weights_bytes) == (("onnx/model.onnx",), len(graph("")))
    assert config.num_params == 2048


def test_a_keras_file_tells_class_layers_and_size():
    settings = {"class_name": "Functional", "config": {"layers": [1, 2, 3], "dtype": "float32"}}
    members = {
        "config.json": json.dumps(settings).encode(),
        "metadata.json": b'{"keras_version": "3.3"}',
        "model.weights.h5": bytes(1000),
    }
    config = inspected({"model.keras": zipped(members)}).config
    assert (config.architecture, config.num_layers, config.dtype) == ("Functional", 3, "float32")
    assert (config.files, config.weights_bytes) == (("model.keras",), 1000)


@pytest.mark.parametrize("prefix", ["am/ conf/ graph/", "  "])
def test_a_folder_of_vosk_has_a_format_a_size_and_its_files(prefix):
    model, conf, drawn = prefix.split(" ")
    files = {f"{model}final.mdl": b"123", f"{drawn}HCLr.fst": b"12", f"{conf}mfcc.conf": "x"}
    found = inspected(files)
    assert (found.model_type, found.config.task, found.config.formats) == (
        "audio",
        "asr",
        ("kaldi",),
    )
    assert found.config.weights_bytes == 5
    assert set(found.config.files) == {f"{model}final.mdl", f"{drawn}HCLr.fst"}


def test_a_ctranslate2_model_at_hand_is_counted_to_its_end():
    layers = [(f"layer_{n}/weight", [8192], FLOAT32, 4 * 8192) for n in range(40)]
    files = {"model.bin": ctranslate2(*layers), "config.json": {"alignment_heads": []}}
    assert inspected(files).config.num_params is None
    assert inspected(files, at_hand=True).config.num_params == 40 * 8192
