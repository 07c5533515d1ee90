"""Load files as their readers do, each in a fork that ends at its first act; say which acted.

Run as a program: reads lines of a loader, a tab and a path, writes one line of JSON: the paths that
fired. The audit hook sees the act before it happens, and ends the process: nothing is ever carried
out.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import importlib
import io
import json
import lzma
import os
import pickle
import resource
import select
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

sys.path[:0] = [] if __package__ else [str(Path(__file__).resolve().parents[2])]
from tests.scanning.loading import LOADERS  # noqa: E402 also as a program of its own

ACTS = (
    "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.remove",
    "os.rename", "os.rmdir", "os.mkdir", "os.kill", "os.truncate", "os.link", "os.symlink",
    "os.chmod", "os.chown", "os.putenv", "subprocess.Popen", "shutil.", "socket.", "ctypes.",
    "webbrowser.open", "urllib.", "tempfile.", "ftplib.", "smtplib.", "pty.spawn", "sqlite3.",
    "mmap.__new__", "code.__new__", "function.__new__", "marshal.loads", "sys._getframe",
)  # fmt: skip
_QUIET = ("sys._getframe", "marshal.loads", "code.__new__", "function.__new__", "ctypes.")
SECONDS = 5.0
_WHICH = """
import importlib.util, json, sys
print(json.dumps([one for one in sys.argv[1:] if importlib.util.find_spec(one.split(".")[0])]))
"""


def _raw(stream: io.BufferedIOBase) -> None:
    """What a reader does who takes one pickle after the other."""
    while stream.peek(1):  # type: ignore[attr-defined]
        unpickler = pickle.Unpickler(stream)  # noqa: S301 in a child that ends at the first act
        unpickler.persistent_load = lambda _: None  # type: ignore[method-assign]
        unpickler.load()


def _open(kind: str, path: Path) -> io.BufferedIOBase:
    data = path.read_bytes()
    if kind == "gzip":
        data = gzip.decompress(data)
    elif kind == "bz2":
        data = bz2.decompress(data)
    elif kind == "xz":
        data = lzma.decompress(data)
    elif kind == "twice":
        data = bz2.decompress(gzip.decompress(data))
    elif kind == "torch":
        data = zipfile.ZipFile(io.BytesIO(data)).read("archive/data.pkl")
    elif kind == "flagged":
        start = data.index(b"data.pkl") + len(b"data.pkl")
        data = data[start:]
    elif kind == "numpy":
        size = int.from_bytes(data[8:10], "little")
        data = data[10 + size :]
    return io.BufferedReader(io.BytesIO(data))


def _watch(report: int) -> None:
    def hook(event: str, args: tuple[object, ...]) -> None:
        acted = event.startswith(ACTS) and not event.startswith(_QUIET)
        if event == "exec":
            acted = getattr(args[0], "co_filename", "") == "<string>"
        elif event == "open":
            acted = isinstance(args[1], str) and bool(set(args[1]) & set("wax+"))
        if acted:
            os.write(report, b"!")
            os._exit(0)

    sys.addaudithook(hook)


def fires(kind: str, path: Path) -> bool:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        resource.setrlimit(resource.RLIMIT_CPU, (5, 5))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        # What a gadget prints is an act too; what a source prints by itself is none.
        os.dup2(os.open(os.devnull, os.O_WRONLY) if kind == "python" else write, 1)
        try:
            load = LOADERS.get(kind)
            stream = None if load else _open(kind, path)
            _watch(write)
            load(path) if load else _raw(stream)
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.close(write)
    ready, _, _ = select.select([read], [], [], SECONDS)
    fired = bool(ready) and os.read(read, 1) != b""
    os.close(read)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return fired


def main() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.dont_write_bytecode = True
    for name in sys.argv[1:]:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    fired = []
    for line in sys.stdin.read().splitlines():
        kind, _, path = line.partition("\t")
        if fires(kind, Path(path)):
            fired.append(path)
    sys.stdout.write(json.dumps(fired))


def installed(python: str, modules: Sequence[str]) -> list[str]:
    """Those that can be imported there."""
    done = subprocess.run([python, "-c", _WHICH, *modules], capture_output=True, check=True)
    return list(json.loads(done.stdout))


def which_fire(
    files: list[tuple[str, Path]], *, imported: Sequence[str] = (), python: str = sys.executable
) -> set[str]:
    """Paths of those that act when they are loaded; asked of a program of its own.

    `imported` are modules that it imports before, where they are there: that a package runs code
    while it is imported (dataclasses are made by `exec`) is no act of the pickle that names it.
    """
    lines = "\n".join(f"{kind}\t{path}" for kind, path in files)
    command = [python, str(Path(__file__).resolve()), *imported]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


if __name__ == "__main__":
    main()
