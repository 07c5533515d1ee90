"""TensorFlow Lite, ONNX Runtime, Flax msgpack and models in XML."""

from __future__ import annotations

from pathlib import PurePath

import pytest

from scanning.scanners import Verdict, scanners
from tests.scanning.tflite_files import ort, tflite


def array(kind: str = "float32", size: int = 8, *, code: int = 1) -> bytes:
    content = b"\x93\x91\x02" + bytes([0xA0 | len(kind)]) + kind.encode() + b"\xc4" + bytes([size])
    content += bytes(size)
    return b"\xc7" + bytes([len(content), code]) + content


def flax(value: bytes) -> bytes:
    return b"\x82\xa6params\x81\xa6kernel" + value + b"\xa4step\x05"


XML = '<?xml version="1.0"?>'
NET = f'{XML}<net><layers><layer id="0" type="Const" version="{{}}"/></layers></net>'
PMML = f'{XML}<PMML version="4.4"><Apply function="{{}}"/></PMML>'
CASES = {
    "flex reads": ("tflite", tflite("FlexReadFile"), Verdict.UNSAFE),
    "flex calls python": ("tflite", tflite("FlexPyFunc"), Verdict.SUSPICIOUS),
    "custom": ("tflite", tflite("Mine"), Verdict.SUSPICIOUS),
    "second of two": ("tflite", tflite("FlexAdd", "FlexWriteFile"), Verdict.UNSAFE),
    "known custom": ("tflite", tflite("TFLite_Detection_PostProcess"), Verdict.CLEAN),
    "ordinary flex": ("tflite", tflite("FlexErf"), Verdict.CLEAN),
    "no operators": ("tflite", tflite(), Verdict.CLEAN),
    "no graphs": ("tflite", tflite(graphs=0), Verdict.SUSPICIOUS),
    "buffer past the end": ("tflite", tflite(data=2**31), Verdict.SUSPICIOUS),
    "buffer far away": ("tflite", tflite(far=2**40), Verdict.SUSPICIOUS),
    "cut": ("tflite", tflite("FlexErf")[:60], Verdict.SUSPICIOUS),
    "root outside": ("tflite", b"\xff\xff\xff\x7fTFL3" + bytes(8), Verdict.SUSPICIOUS),
    "ort": ("ort_models", ort(("", "Add"), ("com.microsoft", "FusedConv")), Verdict.CLEAN),
    "ort, in a graph": ("ort_models", ort(("", "If"), inner=b"Add"), Verdict.CLEAN),
    "ort, foreign in a graph": ("ort_models", ort(("", "If"), inner=b"Mine"), Verdict.SUSPICIOUS),
    "ort, foreign": ("ort_models", ort(("my.own", "Add")), Verdict.SUSPICIOUS),
    "ort, python": ("ort_models", ort(("com.microsoft", "PythonOp")), Verdict.SUSPICIOUS),
    "ort, compiled": ("ort_models", ort(("com.microsoft", "EPContext")), Verdict.INCOMPLETE),
    "ort, later": ("ort_models", ort(later=True), Verdict.INCOMPLETE),
    "ort, past the end": ("ort_models", ort(raw=2**31), Verdict.SUSPICIOUS),
    "ort, cut": ("ort_models", ort(("", "Add"))[:60], Verdict.SUSPICIOUS),
    "ort, no graph": (
        "ort_models",
        bytes([12]) + bytes(3) + b"ORTM" + bytes(8),
        Verdict.SUSPICIOUS,
    ),
    "arrays": ("flax_msgpack", flax(array()), Verdict.CLEAN),
    "chunks": (
        "flax_msgpack",
        flax(b"\x81\xb9__msgpack_chunked_array__" + array()),
        Verdict.CLEAN,
    ),
    "maps in an array": ("flax_msgpack", b"\x91" + flax(array()), Verdict.CLEAN),
    "objects in an array": ("flax_msgpack", b"\x91" + flax(array("object")), Verdict.SUSPICIOUS),
    "scalar": ("flax_msgpack", flax(b"\xd6\x03abcd"), Verdict.CLEAN),
    "objects": ("flax_msgpack", flax(array("object")), Verdict.SUSPICIOUS),
    "objects by letter": ("flax_msgpack", flax(array("|O")), Verdict.SUSPICIOUS),
    "another extension": ("flax_msgpack", flax(array(code=99)), Verdict.SUSPICIOUS),
    "timestamp": ("flax_msgpack", flax(b"\xd6\xffabcd"), Verdict.SUSPICIOUS),
    "bytes behind": ("flax_msgpack", flax(array()) + b"\x01", Verdict.SUSPICIOUS),
    "length": ("flax_msgpack", flax(b"\xc6\xff\xff\xff\xff"), Verdict.SUSPICIOUS),
    "count": ("flax_msgpack", flax(b"\xdd\xff\xff\xff\xff"), Verdict.SUSPICIOUS),
    "unused mark": ("flax_msgpack", flax(b"\xc1"), Verdict.SUSPICIOUS),
    "missing": ("flax_msgpack", flax(array())[:-1], Verdict.SUSPICIOUS),
    "nested": ("flax_msgpack", b"\x81\xa1a" + b"\x91" * 100 + b"\x01", Verdict.INCOMPLETE),
    "openvino": ("xml_models", NET.format("opset1").encode(), Verdict.CLEAN),
    "openvino extension": ("xml_models", NET.format("extension").encode(), Verdict.SUSPICIOUS),
    "pmml": ("xml_models", PMML.format("x-floor").encode(), Verdict.CLEAN),
    "pmml class": ("xml_models", PMML.format("java.lang.Runtime").encode(), Verdict.SUSPICIOUS),
    "external entity": (
        "xml_models",
        f'{XML}<!DOCTYPE a [<!ENTITY x SYSTEM "file:///x">]><a>&x;</a>'.encode(),
        Verdict.UNSAFE,
    ),
    "parameter entity": (
        "xml_models",
        f'{XML}<!DOCTYPE a [<!ENTITY % x SYSTEM "http://x/y"> %x;]><a/>'.encode(),
        Verdict.UNSAFE,
    ),
    "entity in wide characters": (
        "xml_models",
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY x "y">]><a/>'.encode(
            "utf-16"
        ),
        Verdict.UNSAFE,
    ),
    "external type": ("xml_models", b'<!DOCTYPE a SYSTEM "http://x/y.dtd"><a/>', Verdict.UNSAFE),
    "inclusion": ("xml_models", b'<PMML><xi:include href="/etc/passwd"/></PMML>', Verdict.UNSAFE),
    "weights elsewhere": ("xml_models", b'<net><weights path="../../x"/></net>', Verdict.UNSAFE),
    "style sheet": (
        "xml_models",
        b'<?xml version="1.0"?><?xml-stylesheet href="x.xsl"?><net/>',
        Verdict.SUSPICIOUS,
    ),
    "no XML": ("xml_models", b'<?xml version="1.0"?><net>', Verdict.SUSPICIOUS),
    "deep XML": ("xml_models", b"<net>" + b"<a>" * 2000, Verdict.SUSPICIOUS),
}
NAMES = {
    "tflite": "model.tflite",
    "ort_models": "model.ort",
    "flax_msgpack": "flax_model.msgpack",
    "xml_models": "model.xml",
}
FUZZ = [(slug, NAMES[slug], content) for slug, content, _ in CASES.values()]


@pytest.mark.parametrize(("slug", "content", "verdict"), CASES.values(), ids=CASES)
def test_each_file_has_the_verdict_of_what_it_holds(scan_bytes, slug, content, verdict):
    report = scan_bytes(slug, content, NAMES[slug])
    assert report.verdict is verdict
    assert {one.rule for one in report.findings} <= scanners.get(slug).rules.keys()


def test_entities_are_not_expanded(scan_bytes):
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol"}">' for n in range(20))
    content = f"{XML}<!DOCTYPE a [{levels}]><a>&e19;</a>".encode()
    report = scan_bytes("xml_models", content, "model.xml")
    assert report.verdict is Verdict.UNSAFE
    assert [one.rule for one in report.findings] == ["xml_entity", "xml_doctype"]


@pytest.mark.parametrize("slug", NAMES)
@pytest.mark.parametrize("head", [b"", b"# text\n", b"PK\x03\x04", b"GGUF", b"\x80\x04}."])
def test_other_formats_are_left_to_others(options, slug, head):
    assert not scanners.get(slug)(options).handles(PurePath("model.bin"), head)
