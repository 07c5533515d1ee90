"""Malicious pickles put together at random: a gadget, ways to name and call it, hiding places.

Whether one fires is proved by `firing.py` in a child that ends at the first act, so none acts.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import marshal
import random
import struct
from collections.abc import Callable
from functools import partial

from tests.scanning.pickles import numpy_file, text, torch_zip

SOURCE = "print('fired')"
COMMAND = "echo fired"
Pick = random.Random


def name_global(pick: Pick, module: str, name: str) -> bytes:
    """Opcodes that import `module.name`, in one of the ways there are."""
    ways: list[Callable[[], bytes]] = [
        partial(f"c{module}\n{name}\n".encode),
        lambda: text(module) + text(name) + b"\x93",
        lambda: _wide(module) + b"V" + name.encode() + b"\n\x93",
        partial(_via_memo, module, name),
        lambda: b"S'" + module.encode() + b"'\np900\n0N0" + text(name) + b"0g900\n"
        + b"T" + struct.pack("<I", len(name)) + name.encode() + b"\x93",
        lambda: text("decoy") + b"r\x00\x01\x00\x000" + text(module) + b"r\x00\x01\x00\x000"
        + b"j\x00\x01\x00\x00" + text(name) + b"\x93",
    ]  # fmt: skip
    return pick.choice(ways)()


def _wide(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def _via_memo(module: str, name: str) -> bytes:
    return text(name) + b"q\xf00" + text(module) + b"q\xf10" + b"h\xf1h\xf0\x93"


def invoke(pick: Pick, module: str, name: str, arguments: bytes) -> bytes:
    """Opcodes that call a global with the arguments that the given opcodes push."""
    named = name_global(pick, module, name)
    ways = [
        named + b"(" + arguments + b"tR",
        b"(" + named + arguments + b"o",
        b"(" + arguments + f"i{module}\n{name}\n".encode(),
        named + b"2" + b"0" + b"(" + arguments + b"t2" + b"0R",
    ]
    return pick.choice(ways)


def _import_os(pick: Pick) -> bytes:
    return invoke(pick, "builtins", "__import__", text("os"))


def _code() -> bytes:
    raw = marshal.dumps(compile(SOURCE, "<string>", "exec"))
    return b"B" + struct.pack("<I", len(raw)) + raw


def _extension(pick: Pick) -> bytes:
    added = invoke(pick, "copyreg", "add_extension", text("os") + text("system") + b"K\xf0")
    return added + b"0\x82\xf0(" + text(COMMAND) + b"tR"


GADGETS: dict[str, Callable[[Pick], bytes]] = {
    "os.system": lambda p: invoke(p, "os", "system", text(COMMAND)),
    "posix.system": lambda p: invoke(p, "posix", "system", text(COMMAND)),
    "Popen": lambda p: invoke(p, "subprocess", "Popen", text(COMMAND) + b"J\xff\xff\xff\xff"),
    "exec": lambda p: invoke(p, "builtins", "exec", text(SOURCE)),
    "eval": lambda p: invoke(p, "builtins", "eval", text(SOURCE)),
    "runpy": lambda p: invoke(p, "runpy", "_run_code", text(SOURCE) + b"}"),
    "cProfile": lambda p: invoke(p, "cProfile", "run", text(SOURCE)),
    "timeit": lambda p: invoke(p, "timeit", "timeit", text("pass") + text(SOURCE)),
    "pipe": lambda p: invoke(p, "pydoc", "pipepager", text("x") + text("cat")),
    "spawnv": lambda p: invoke(
        p, "multiprocessing.util", "spawnv_passfds",
        b"C\x09/bin/echo](C\x04echoC\x05firede)",
    ),
    "numpy": lambda p: invoke(p, "numpy.testing._private.utils", "runstring", text(SOURCE) + b"}"),
    "resolve": lambda p: invoke(p, "pkgutil", "resolve_name", text("os:system"))
    + b"(" + text(COMMAND) + b"tR",
    "getattr": lambda p: invoke(p, "builtins", "getattr", _import_os(p) + text("system"))
    + b"(" + text(COMMAND) + b"tR",
    "attrgetter": lambda p: invoke(p, "operator", "attrgetter", text("system"))
    + b"(" + _import_os(p) + b"tR(" + text(COMMAND) + b"tR",
    "methodcaller": lambda p: invoke(p, "operator", "methodcaller", text("system") + text(COMMAND))
    + b"(" + _import_os(p) + b"tR",
    "import_module": lambda p: invoke(
        p, "builtins", "getattr",
        invoke(p, "importlib", "import_module", text("os")) + text("popen"),
    ) + b"(" + text(COMMAND) + b"tR",
    "partial": lambda p: invoke(
        p, "functools", "partial", name_global(p, "builtins", "exec") + text(SOURCE)
    ) + b")R",
    "map": lambda p: invoke(
        p, "builtins", "list",
        invoke(p, "builtins", "map", name_global(p, "os", "system") + b"]" + text(COMMAND) + b"a"),
    ),
    "reduce": lambda p: invoke(
        p, "functools", "reduce",
        name_global(p, "builtins", "exec") + b"](" + text(SOURCE) + b"}e",
    ),
    "rebuild": lambda p: invoke(
        p, "torch._tensor", "_rebuild_from_type_v2",
        name_global(p, "os", "system") + name_global(p, "builtins", "int")
        + text(COMMAND) + b"\x85N",
    ),
    "defaultdict": lambda p: invoke(
        p, "builtins", "next", invoke(
            p, "builtins", "iter",
            invoke(p, "functools", "partial", name_global(p, "os", "system") + text(COMMAND))
            + b"N",
        ),
    ),
    "added name": lambda p: invoke(p, "operator", "add", text("o") + text("s"))
    + text("system") + b"\x93(" + text(COMMAND) + b"tR",
    "decoded name": lambda p: invoke(p, "builtins", "str", b"C\x02os" + text("ascii"))
    + text("system") + b"\x93(" + text(COMMAND) + b"tR",
    "extension": _extension,
    "dotted": lambda p: b"\x80\x04" + text("shutil") + text("os.system") + b"\x93("
    + text(COMMAND) + b"tR",
    "marshal": lambda p: invoke(
        p, "types", "FunctionType", invoke(p, "marshal", "loads", _code()) + b"}"
    ) + b")R",
    "nested": lambda p: invoke(
        p, "pickle", "loads", b"C\x1b" + b"cos\nsystem\n(S'echo hi'\ntR.\x00"
    ),
    "torch bytes": lambda p: invoke(
        p, "torch.storage", "_load_from_bytes", b"C\x1b" + b"cos\nsystem\n(S'echo hi'\ntR.\x00"
    ),
    "codecs": lambda p: invoke(p, "codecs", "open", text("/dev/null") + text("w")),
    "socket": lambda p: invoke(p, "socket", "getaddrinfo", text("localhost") + b"K\x09"),
    "rmtree": lambda p: invoke(p, "shutil", "rmtree", text("/nonexistent/x")),
    "mock": lambda p: invoke(p, "unittest.mock", "_dot_lookup",
        _import_os(p) + text("system") + text("os")) + b"(" + text(COMMAND) + b"tR",
    "idlelib": lambda p: invoke(p, "operator", "methodcaller", text("runsource") + text(SOURCE))
    + b"(" + invoke(p, "code", "InteractiveInterpreter", b"") + b"tR",
}  # fmt: skip


def body(pick: Pick, gadget: str) -> bytes:
    """A whole stream that fires, with things around the call that mean nothing."""
    call = GADGETS[gadget](pick)
    for _ in range(pick.randrange(3)):
        call = pick.choice([
            b"](" + call + b"e", b"}" + text("key") + call + b"s", call + b"\x85",
            b"(" + call + b"K\x01" + b"t", b"K\x07" + b"0" + call, b"((N" + b"1" + b"1" + call,
            text("junk") + b"q\xc8" + b"0" + call, call + b"2\x86",
            b"\x88\x89\x860" + call,
            b"G?\xf0\x00\x00\x00\x00\x00\x000" + call, call + b"0N",
        ])  # fmt: skip
    head = pick.choice([b"", *(b"\x80" + bytes([version]) for version in range(6))])
    frame = pick.choice([b"", b"", b"\x95" + struct.pack("<Q", pick.randrange(20))])
    tail = pick.choice([b".", b".", b"", b"\xff", b"\xfejunk" * 9, b"R.", b"h\x99."])
    return head + frame + call + tail


def content(pick: Pick, gadget: str) -> tuple[str, bytes]:
    """A file that holds such a stream, and how its reader opens it (`firing.LOADERS`)."""
    stream = body(pick, gadget)
    clean = pick.choice([b"\x80\x04N.", b"(lp0\n.", b"\x80\x02}q\x00."])
    if pick.random() < 0.3:
        stream = clean * pick.randrange(1, 4) + stream
    packed: dict[str, Callable[[], bytes]] = {
        "pickle": lambda: stream,
        "gzip": lambda: gzip.compress(stream),
        "bz2": lambda: bz2.compress(stream),
        "xz": lambda: lzma.compress(stream),
        "torch": lambda: torch_zip(stream, packed=pick.random() < 0.5),
        "flagged": lambda: flagged(torch_zip(stream)),
        "numpy": lambda: numpy_file("'|O'", stream),
        "twice": lambda: gzip.compress(bz2.compress(stream)),
    }
    kind = pick.choice(["pickle", "pickle", *packed])
    return kind, packed[kind]()


def flagged(archive: bytes) -> bytes:
    """Encryption bit and checksum wrong in every header, which readers written in C ignore."""
    changed = bytearray(archive)
    for magic, flags, crc in ((b"PK\x03\x04", 6, 14), (b"PK\x01\x02", 8, 16)):
        at = changed.find(magic)
        while at >= 0:
            changed[at + flags] |= 1
            changed[at + crc] ^= 0x55
            at = changed.find(magic, at + 1)
    return bytes(changed)


def mutated(pick: Pick, original: bytes, others: list[bytes]) -> bytes:
    """The bytes with some of them flipped, cut, doubled, inserted, or taken from another file."""
    changed = bytearray(original)
    for _ in range(pick.choice([1, 1, 2, 3, 6])):
        at = pick.randrange(len(changed) + 1)
        size = pick.choice([1, 1, 2, 4, 16, 200])
        other = pick.choice(others) or b"\x00"
        start = pick.randrange(len(other))
        how = pick.randrange(6)
        if how == 0 and at < len(changed):
            changed[at] = pick.randrange(256)
        elif how == 1:
            del changed[at : at + size]
        elif how == 2:
            changed[at:at] = changed[at : at + size]
        elif how == 3:
            changed[at:at] = bytes(pick.choice(b"cioRb0120(tlesuaN)}]\x93\x94\x85\x86\x87\x81.")
                                   for _ in range(min(size, 3)))  # fmt: skip
        elif how == 4:
            changed[at : at + size] = other[start : start + size]
        else:
            changed[at:at] = struct.pack("<I", pick.choice([0, 1, 255, 2**31 - 1, 2**32 - 1]))
    return bytes(changed)
