"""States that are computed, and calls that allowed functions make with what they are handed."""

from __future__ import annotations

import pytest

from scanning.scanners import Verdict, scanners
from tests.scanning.pickles import BUILD, MARK, REDUCE, call, pickle, stack_global, text

_KEY = text("_parse_arg_template")
_SOURCE = text("print(1)")
_PAIR = _KEY + _SOURCE + b"\x86"
_GEN = stack_global("scipy.stats._continuous_distns", "norm_gen")
_NORM = _GEN + b")\x81"
_TABLE = call("builtins", "dict", b"](" + _PAIR + b"e")
_LITERAL = b"}" + _KEY + _SOURCE + b"s"
_NEWOBJ = stack_global("copyreg", "__newobj__")
_RETYPED = stack_global("torch._tensor", "_rebuild_from_type_v2")
_LOADER = stack_global("torch.storage", "_load_from_bytes")
_NUMBER = b"C\x04\x80\x04N."
_IN_ONE = _GEN + b"\x85"  # arguments of a call


@pytest.mark.parametrize(
    "opcodes",
    [
        pytest.param(_NORM + _TABLE + BUILD, id="a dict that is called"),
        pytest.param(
            _NORM + stack_global("collections", "OrderedDict") + b")R" + _KEY + _SOURCE + b"sb",
            id="a mapping that is filled",
        ),
        pytest.param(_NORM + b"](" + _PAIR + b"eb", id="pairs in a list"),
        pytest.param(_NORM + b"(" + _PAIR + b"tb", id="pairs in a tuple"),
        pytest.param(
            _NORM + b"}" + call("builtins", "str", _KEY) + _SOURCE + b"sb",
            id="a key that is called",
        ),
        pytest.param(
            call("copyreg", "__newobj__", _GEN) + _TABLE + BUILD, id="an object that is called"
        ),
        pytest.param(
            call("gensim.utils", "identity", _NORM) + _TABLE + BUILD, id="an object given back"
        ),
        pytest.param(
            _RETYPED + MARK + _NEWOBJ + _GEN + _IN_ONE + _LITERAL + b"t" + REDUCE,
            id="a state that torch sets",
        ),
        pytest.param(
            stack_global("dill._dill", "_create_array")
            + MARK
            + _NEWOBJ
            + _IN_ONE
            + _TABLE
            + b"t"
            + REDUCE,
            id="a state that dill sets",
        ),
        pytest.param(
            _RETYPED
            + call("builtins", "tuple", b"](" + _NEWOBJ + _GEN + _IN_ONE + _LITERAL + b"e")
            + REDUCE,
            id="arguments that are called",
        ),
        pytest.param(
            _RETYPED
            + MARK
            + call("operator", "itemgetter", b"K\x00")
            + _GEN
            + _IN_ONE
            + _LITERAL
            + b"t"
            + REDUCE,
            id="a getter that is called",
        ),
        pytest.param(
            call("numpy.random._pickle", "__randomstate_ctor", _NUMBER, _LOADER),
            id="a loader that numpy calls",
        ),
        pytest.param(
            call("jax._src.array", "_reconstruct_array", call("functools", "partial", _GEN), b")"),
            id="a partial that jax calls",
        ),
        pytest.param(_LOADER + b"\x94}" + text("forward") + b"h\x00s", id="a loader that is kept"),
    ],
)
def test_what_computes_a_state_or_is_called_by_others_is_unsafe(opcodes: bytes, scan_bytes) -> None:
    report = scan_bytes("pickle_ops", pickle(opcodes))
    assert report.verdict is Verdict.UNSAFE
    assert {one.rule for one in report.findings} <= set(scanners.get("pickle_ops").rules)


_LINEAR = stack_global("torch.nn.modules.linear", "Linear") + b")\x81"


@pytest.mark.parametrize("state", [_TABLE, b"N" + _TABLE + b"\x86"])
def test_a_table_that_is_called_is_a_suspicious_state_of_any_object(
    state: bytes, scan_bytes
) -> None:
    assert scan_bytes("pickle_ops", pickle(_LINEAR + state + BUILD)).verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    "opcodes",
    [
        pytest.param(_NORM + b"}" + text("name") + text("norm") + b"sb", id="a plain state"),
        pytest.param(
            stack_global("torch.utils.hooks", "RemovableHandle")
            + b")\x81"
            + stack_global("collections", "OrderedDict")
            + b")RK\x01\x86b",
            id="a mapping in a state",
        ),
        pytest.param(_LOADER + _NUMBER + b"\x85R", id="a loader called at once"),
        pytest.param(
            call(
                "numpy.random._pickle",
                "__randomstate_ctor",
                text("MT19937"),
                stack_global("numpy.random._pickle", "__bit_generator_ctor"),
            ),
            id="a generator",
        ),
    ],
)
def test_what_picklers_write_is_clean(opcodes: bytes, scan_bytes) -> None:
    assert scan_bytes("pickle_ops", pickle(opcodes)).verdict is Verdict.CLEAN
