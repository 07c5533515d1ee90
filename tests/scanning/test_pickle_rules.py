"""Names and calls whose danger depends on what is around them."""

from __future__ import annotations

import pytest

from scanning.scanners import Verdict, scanners
from scanning.scanners._pickle_starts import starts_in
from tests.scanning.pickles import BUILD, EVIL, EVIL_4, call, pickle, stack_global, text

GETATTR = stack_global("builtins", "getattr")
UNPICKLE = stack_global("zoneinfo", "ZoneInfo") + text("_unpickle") + b"\x86R"
PARIS = b"(" + text("Europe/Paris") + b"K\x01tR"
UNSAFE = {
    "getattr of anything else": pickle(
        GETATTR, stack_global("zoneinfo", "ZoneInfo"), text("__init__"), b"\x86R"
    ),
    "getattr twice, for one lookup": pickle(GETATTR, b"2", UNPICKLE),
    "getattr kept in the memo": pickle(GETATTR, b"\x94", UNPICKLE, PARIS, b"0h\x00"),
    "getattr handed on": pickle(call("functools", "partial", GETATTR, b"N")),
    "getattr at the end": pickle(GETATTR),
    "getattr before an end in between": pickle(GETATTR) + b".",
    "broken behind an unknown call": pickle(call("mymodel.net", "build"))[:-1] + b"\xff",
    "source for an unknown call": pickle(call("mymodel.net", "build", text("import os;os.x()"))),
    "unknown function of a library": pickle(call("numpy.some", "thing", text("x"))),
    "corner of the standard library": pickle(call("sched", "scheduler")),
    "constructor that reads files, handed on": pickle(
        call("functools", "partial", stack_global("os", "open"))
    ),
    "vocabulary elsewhere": pickle(call("tokenizers.models", "BPE", text("/etc/passwd"))),
    "scipy runs this state": pickle(
        stack_global("mystats", "Normal"), b")\x81}", text("_parse_arg_template"),
        text("x=1"), b"s", BUILD,
    ),
    "name built from bytes": pickle(
        call("builtins", "str", b"C\x02os", text("ascii")), text("system"), b"\x93"
    ),
}  # fmt: skip
SUSPICIOUS = {
    "vocabulary in a file": pickle(call("tokenizers.models", "WordLevel", text("vocab.json"))),
    "enormous": pickle(call("builtins", "bytearray", b"\x8a\x06\x00\x00\x00\x00\x00\x01")),
    "enormous range": pickle(
        call("builtins", "list", call("builtins", "range", b"\x8a\x06\x00\x00\x00\x00\x00\x01"))
    ),
    "rebuilt class that is called": pickle(call("transformers.training_args", "TrainingArguments")),
    "quantized tensor that is called": pickle(call("torchao.quantization", "Int8Tensor")),
    "metaclass of a trusted module": pickle(stack_global("sklearn.cluster._bicluster", "ABCMeta")),
}
CLEAN = {
    "time zone": pickle(GETATTR, UNPICKLE, PARIS),
    "rebuilt settings": pickle(
        stack_global("transformers.training_args", "TrainingArguments"), b")\x81"
    ),
    "class of a legacy torch module": pickle(
        b"(" + text("module") + stack_global("torch.nn.modules.linear", "Linear"),
        text("linear.py") + text("class Linear: ...") + b"tQ)\x81",
    ),
    "function of a layer": pickle(stack_global("torch.nn.functional", "relu")),
    "index of pandas": pickle(call("pandas", "RangeIndex")),
    "state of optax": pickle(
        stack_global("optax._src.transform", "ScaleByAdamState"), b"K\x01}}\x87\x81"
    ),
    "how often an agent is trained": pickle(
        stack_global("stable_baselines3.common.type_aliases", "TrainFreq"),
        b"K\x04"
        + call("stable_baselines3.common.type_aliases", "TrainFrequencyUnit", text("step")),
        b"\x86\x81",
    ),
    "order of a layer's sides": pickle(call("timm.layers.format", "Format", text("NHWC"))),
    "norms of an agent": pickle(
        stack_global("stable_baselines3.common.vec_env.vec_normalize", "VecNormalize"), b")\x81"
    ),
    "choice of columns": pickle(
        stack_global("sklearn.compose._column_transformer", "make_column_selector"), b")\x81}b"
    ),
    "score of phrases": pickle(stack_global("gensim.models.phrases", "original_scorer")),
}


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        *(pytest.param(one, Verdict.UNSAFE, id=f"{name}, unsafe") for name, one in UNSAFE.items()),
        *(pytest.param(one, Verdict.SUSPICIOUS, id=name) for name, one in SUSPICIOUS.items()),
        *(pytest.param(one, Verdict.CLEAN, id=f"{name}, clean") for name, one in CLEAN.items()),
    ],
)
def test_the_verdict_follows_from_what_is_around_a_name(scan_bytes, content, verdict):
    report = scan_bytes("pickle_ops", content)
    assert report.verdict is verdict, (report.findings, report.detail)
    assert {finding.rule for finding in report.findings} <= set(scanners.get("pickle_ops").rules)


@pytest.mark.parametrize("filler", [b"U", b"c", b"\x8cA\x93", b"ab\n", b"\x00"])
def test_the_search_finds_a_pickle_among_bytes_that_look_like_many(filler):
    noise = filler * 300
    for evil, at in ((EVIL, 0), (EVIL_4, 2)):
        assert len(noise) + at in set(starts_in(noise + evil + noise))
