"""Files of other formats than pickles that act when they are loaded (`loading`)."""

from __future__ import annotations

import base64
import json
import marshal
import random
import subprocess
import zipfile
import zlib

from tests.scanning.archives import tarred, zipped
from tests.scanning.gadgets import COMMAND, body
from tests.scanning.pickles import numpy_file, torch_zip

_OS = f"os.system('{COMMAND}')"
TEMPLATES = [
    "{{ cycler.__init__.__globals__." + _OS + " }}",
    "{{ lipsum.__globals__['os'].popen('x').read() }}",
    "{{ (joiner|attr('__init__')|attr('__globals__'))['os'].system('x') }}",
    "{% set a = '__glo' ~ 'bals__' %}{{ (namespace.__init__|attr(a)).os.system('x') }}",
    "{% if 1 %}{{ self.__init__.__globals__.__builtins__['eval']('print(1)') }}{% endif %}",
    "{{ lipsum|attr(['__glob', 'als__']|join)|attr('get')('os')|attr('system')('x') }}",
    "{{ dict.mro()[1].__subclasses__() }}{{ cycler.next.__globals__.os.system('x') }}",
]
SOURCES = [
    f"import os\n{_OS}\n",
    "from subprocess import Popen as P\nclass A:\n    x = P(['true'])\n",
    "exec('import os; os.system(\"x\")')\n",
    "import importlib\ngetattr(importlib.import_module('o' + 's'), 'sys' + 'tem')('x')\n",
    "__builtins__['ev' + 'al']('__import__(\"os\").system(\"x\")')\n"
    if isinstance(__builtins__, dict) else "eval('__import__(\"os\").system(\"x\")')\n",
    "import base64\nexec(base64.b64decode('aW1wb3J0IG9zOyBvcy5zeXN0ZW0oJ3gnKQ=='))\n",
    "def f(run=__import__('os').system):\n    return run('x')\nf()\n",
    "import socket\nsocket.socket().connect(('127.0.0.1', 9))\n",
    "import pickle\npickle.loads(b'cos\\nsystem\\n(S\"x\"\\ntR.')\n",
    "import os\nfor run in (os.system,):\n    run('x')\n",
]  # fmt: skip

_QUIET_STREAMS = [b"\x80\x04N.", b"(lp0\nI1\na.", b"\x80\x02}q\x00(U\x01aK\x01U\x01bK\x02u."]
_QUIET_SOURCES = [
    "import math\nclass Model:\n    def forward(self, x):\n        return math.sqrt(x) + 1\n",
    "class Config:\n    size: int = 4\n\n    def __repr__(self):\n        return str(self.size)\n",
    "def f(names):\n    return {name: len(name) for name in names}\nprint\nf(['a', 'bc'])\n",
]
_QUIET_TEMPLATES = [
    "{% for m in messages %}<|{{ m.role }}|>{{ m['content']|trim }}\n{% endfor %}",
    "{{ bos_token }}{% if messages[0]['role'] == 'user' %}{{ messages[0].content }}{% endif %}",
    "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}",
]


def _code() -> str:
    function = compile(f"lambda x: __import__('os').system('{COMMAND}') or x", "<x>", "eval")
    inner = next(one for one in function.co_consts if hasattr(one, "co_code"))
    return base64.b64encode(marshal.dumps(inner)).decode()


def _layer(kind: str, module: str, **config: object) -> dict[str, object]:
    return {"module": module, "class_name": kind, "registered_name": None, "config": config}


def _model(*, quiet: bool = False) -> dict[str, object]:
    code = {"code": _code(), "defaults": None, "closure": None}
    function = {"class_name": "__lambda__", "config": code}
    layers = [
        _layer("InputLayer", "keras.layers", batch_shape=[None, 2], dtype="float32", name="in"),
        _layer("Flatten", "keras.layers", name="a")
        if quiet
        else _layer("Lambda", "keras.layers", name="a", function=function, arguments={}),
    ]
    whole = _layer("Sequential", "keras", name="s", layers=layers)
    return {**whole, "build_config": {"input_shape": [None, 2]}}


def _keras(pick: random.Random, model: dict[str, object]) -> bytes:
    metadata = {"keras_version": "3.10.0", "date_saved": "2026-01-01@00:00:00"}
    members = {"metadata.json": metadata, "config.json": model}
    method = pick.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    return zipped({name: json.dumps(data).encode() for name, data in members.items()}, method)


def other_files(pick: random.Random, gadget: str = "") -> list[tuple[str, str, bytes]]:
    """Loader, name and content, one of each format; without a gadget they do nothing."""
    stream = body(pick, gadget) if gadget else pick.choice(_QUIET_STREAMS)
    source = pick.choice(SOURCES if gadget else _QUIET_SOURCES)
    method = pick.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    template = pick.choice(TEMPLATES if gadget else _QUIET_TEMPLATES).encode()
    header = json.dumps({"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}).encode()
    tensors = len(header).to_bytes(8, "little") + header + bytes(4)
    return [
        ("npy", "model.npy", numpy_file("'|O'", stream)),
        ("npz", "model.npz", zipped({"a.npy": numpy_file("'|O'", stream)}, method)),
        ("torch.load", "model.pt", torch_zip(stream)),
        ("joblib", "model.joblib", pick.choice([stream, zlib.compress(stream)])),
        ("safetensors", "model.safetensors", tensors),
        ("jinja", "chat_template.jinja", template),
        ("jinja sandbox", "chat_template.jinja", template),
        ("python", "modeling_x.py", source.encode()),
        ("zip", "data.zip", zipped({"a.txt": b"words", "m.pkl": stream}, method)),
        ("tar", "data.tar", tarred({"a.txt": b"words", "m.pkl": stream})),
        ("keras", "model.keras", _keras(pick, _model(quiet=not gadget))),
    ]  # fmt: skip


_WRITE_H5 = """
import io, h5py, sys
whole = io.BytesIO()
with h5py.File(whole, "w") as file:
    file.attrs["model_config"] = sys.stdin.read()
sys.stdout.buffer.write(whole.getvalue())
"""


def h5_file(python: str) -> tuple[str, str, bytes]:
    """The model as Keras stored it before its own format, written by h5py where that is there."""
    model = json.dumps(_model()).encode()
    done = subprocess.run([python, "-c", _WRITE_H5], input=model, capture_output=True, check=True)
    return "h5", "model.h5", done.stdout
