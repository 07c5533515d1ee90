"""Pickles of allowed names only, and what functions and classes are called after."""

from __future__ import annotations

import pytest

from scanning.scanners import Verdict, scanners
from tests.scanning.pickles import BUILD, call, joblib_array, pickle, stack_global, text

_NUMBERS = b"(K\x03" + text("|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK%ct"
_OBJECTS = call("numpy", "dtype", text("O8"), b"\x89\x88")


def _dtype(flags: int) -> bytes:
    return _OBJECTS + _NUMBERS.replace(b"%c", bytes([flags])) + BUILD


def _record(flags: int) -> bytes:
    fields = b"}" + text("a") + _OBJECTS + b"K\x00\x86s"
    state = b"(K\x03" + text("|") + b"N" + text("a") + b"\x85" + fields + b"K\x08K\x01"
    return (
        call("numpy", "dtype", text("V8"), b"\x89\x88") + state + bytes([75, flags]) + b"t" + BUILD
    )


def _with_items(owner: bytes, key: str) -> bytes:
    return owner + text(key) + b"}s"


_LOGGER = call("logging", "getLogger")
_DISABLED = b"}" + text("disabled") + b"\x88s"
_NAMESPACE = call("types", "SimpleNamespace")
_TEMPLATE = """
def _parse_args(self, a,  loc=0, scale=1):
    return (a, ), loc, scale

def _parse_args_rvs(self, a,  loc=0, scale=1, size=None):
    return self._argcheck_rvs(a,  loc, scale, size=size)

def _parse_args_stats(self, a,  loc=0, scale=1, moments='mv'):
    return (a, ), loc, scale, moments
"""


def _distribution(template: str) -> bytes:
    raw = template.encode()
    value = b"X" + len(raw).to_bytes(4, "little") + raw
    made = stack_global("scipy.stats._continuous_distns", "norm_gen") + b")\x81"
    return made + b"}" + text("_parse_arg_template") + value + b"s" + BUILD


_GETATTR = stack_global("builtins", "getattr")
_LAYER = stack_global("torch.nn.modules.linear", "LazyLinear") + b")\x81\x94"


def _script_object(name: str) -> bytes:
    """As TorchScript's objects of C++ are kept: none of Python's, then a state with its class."""
    state = b"(N" + text(f"__torch__.torch.classes.{name}") + b"t"
    return stack_global("torch", "ScriptObject") + b")\x81" + state + BUILD


UNSAFE = {
    "type of objects that claims to be numbers": pickle(_dtype(0)),
    "record of objects that claims to be numbers": pickle(_record(0)),
    "record of objects behind much else": pickle(
        (b"](" + b"K\x01" * 60 + b"e0") * 1200, _record(0)
    ),
    "memory by an item": pickle(
        _with_items(call("sklearn.utils", "Bunch"), "__array_interface__")
    ),
    "memory by a state": pickle(_NAMESPACE, b"}", text("__array_struct__"), b"Ns", BUILD),
    "memory behind another attribute": pickle(
        _NAMESPACE, b"}(", text("__doc__"), b"N", text("__array_interface__"), b"Nu", BUILD
    ),
    "item of an imported table": pickle(
        _with_items(stack_global("sklearn.neural_network._base", "ACTIVATIONS"), "relu")
    ),
    "end of an imported list": pickle(
        stack_global("sklearn.svm._base", "LIBSVM_IMPL"), text("x"), b"a"
    ),
    "logger that all share": pickle(_LOGGER, _DISABLED, BUILD),
    "logger that a tensor's rebuilder fills": pickle(
        call(
            "torch._tensor", "_rebuild_from_type_v2", stack_global("logging", "getLogger"),
            stack_global("builtins", "int") + b")" + _DISABLED,
        )
    ),
    "method of a class": pickle(call("pandas", "DataFrame.to_csv", text("x"))),
    "method of a path": pickle(call("pathlib", "Path.touch", text("x"))),
    "function called after what it does": pickle(call("mymodel.net", "load_weights", text("x"))),
    "class that opens what it is given": pickle(call("h5py", "File", text("x"))),
    "corner of uuid": pickle(call("uuid", "_get_command_stdout", text("true"))),
    "distribution with source of its own": pickle(
        _distribution(_TEMPLATE.replace("loc=0", "loc=print()", 1))
    ),
    "method of an object that is called": pickle(
        _LAYER, b"0", _GETATTR, b"h\x00", text("_lazy_load_hook"), b"\x86R)R"
    ),
    "hidden attribute of an object": pickle(
        _LAYER, b"0", _GETATTR, b"h\x00", text("__init__"), b"\x86R"
    ),
    "storage over a file": pickle(call("torch", "UntypedStorage.from_file", text("x"))),
}  # fmt: skip
SUSPICIOUS = {
    "method of an object that is kept": pickle(
        _LAYER, b"0", _GETATTR, b"h\x00", text("share_memory"), b"\x86R"
    ),
    "constructor by the way of protocol 0": pickle(
        call(
            "copyreg", "_reconstructor",
            stack_global("accelerate.utils.dataclasses", "DeepSpeedPlugin")
            + stack_global("accelerate.utils.dataclasses", "DeepSpeedPlugin") + text("x"),
        )
    ),
    "object of C++ of an unknown class": pickle(_script_object("dist_c10d.Store")),
    "unknown class in small letters": pickle(stack_global("numpy.some", "thing"), b")\x81"),
    "function of numpy over a function": pickle(
        call("numpy", "vectorize", stack_global("numpy", "exp"))
    ),
    "function of a package that may only make": pickle(call("mymodel.net", "build", text("x"))),
}  # fmt: skip
CLEAN = {
    "type of objects": pickle(_dtype(63)),
    "record of objects": pickle(_record(27)),
    "word of a vocabulary": pickle(
        _with_items(call("collections", "OrderedDict"), "__array_interface__")
    ),
    "private attribute": pickle(_NAMESPACE, b"}", text("__model"), b"Ns", BUILD),
    "distribution as scipy writes it": pickle(_distribution(_TEMPLATE)),
    "method of a distribution": pickle(
        stack_global("scipy.stats._discrete_distns", "randint_gen"),
        b")\x81\x940",
        _GETATTR,
        b"h\x00",
        text("_entropy"),
        b"\x86R",
    ),
    "method of a lazy layer": pickle(
        stack_global("torch.nn.modules.linear", "LazyLinear"),
        b")\x81\x940",
        _GETATTR,
        b"h\x00",
        text("_infer_parameters"),
        b"\x86R",
    ),
    "weights of a quantized layer": pickle(_script_object("quantized.LinearPackedParamsBase")),
    "template of a text": pickle(
        stack_global("string", "Template"), b")\x81}", text("template"), text("$a"), b"s", BUILD
    ),
    "class in small letters": pickle(stack_global("scipy.stats._kde", "gaussian_kde"), b")\x81"),
    "logger": pickle(_LOGGER),
    "text of Arrow": pickle(call("pyarrow.lib", "py_buffer", b"C\x01a")),
    "placement of a tensor": pickle(
        stack_global("torch.distributed.tensor.placement_types", "Shard"), b")\x81"
    ),
    "exception that was kept": pickle(call("builtins", "ValueError", text("bad"))),
}


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        *((content, Verdict.UNSAFE) for content in UNSAFE.values()),
        *((content, Verdict.SUSPICIOUS) for content in SUSPICIOUS.values()),
        *((content, Verdict.CLEAN) for content in CLEAN.values()),
    ],
    ids=[*UNSAFE, *SUSPICIOUS, *CLEAN],
)
def test_the_verdict_follows_from_what_is_done_with_a_name(scan_bytes, content, verdict):
    report = scan_bytes("pickle_ops", content, "model.pkl")

    assert report.verdict is verdict, report.findings
    known = scanners.get("pickle_ops").rules
    assert all(finding.rule in known for finding in report.findings)


def test_joblib_arrays_are_passed_over_in_old_protocols(scan_bytes):
    """Protocols 0 and 1 make the wrapper by copyreg; what follows it are numbers, no opcodes."""
    made = b"ccopy_reg\n_reconstructor\n(cjoblib.numpy_pickle\nNumpyArrayWrapper\n"
    made += b"c__builtin__\nobject\nNtR"
    state = b"}(" + text("shape") + b"(K\x08tX\x05\x00\x00\x00dtype"
    state += b"cnumpy\ndtype\n(X\x02\x00\x00\x00u1I00\nI01\ntRu"
    report = scan_bytes("pickle_ops", made + state + b"b" + b"\x93R\x81b0123" + b".", "old.joblib")

    assert report.verdict is Verdict.CLEAN, (report.findings, report.detail)


@pytest.mark.parametrize(("count", "verdict"), [(9, Verdict.UNSAFE), (300_000, Verdict.INCOMPLETE)])
def test_an_array_whose_bytes_are_more_opcodes_than_are_tried_is_not_clean(
    scan_bytes, count, verdict
):
    """joblib passes over an array's bytes; a plain `pickle.load` runs them."""
    raw = b"N0" * count + b"cos\nsystem\n(S'true'\ntR0N."
    shape = b"J" + len(raw).to_bytes(4, "little") + b"\x85"
    aligned = joblib_array(shape, "u1", raw)
    plain = aligned.replace(text("numpy_array_alignment_bytes") + b"K\x10", b"")
    plain = plain.replace(b"\x02\xff\xff" + raw, raw)  # as older versions of joblib write it
    report = scan_bytes("pickle_ops", pickle(plain), "a.joblib")
    assert report.verdict is verdict


def test_a_call_that_gives_back_what_it_is_given_hides_nothing(scan_bytes):
    linear = stack_global("torch.nn.modules.linear", "Linear")
    given = call("torch.jit._pickle", "restore_type_tag", linear, text(""))
    state = b"N}" + text("forward") + b"K\x01s\x86"
    report = scan_bytes("pickle_ops", pickle(given + state + BUILD))
    assert report.verdict is Verdict.UNSAFE
    assert {one.rule for one in report.findings} == {"pickle_build_on_import"}
