"""Say from its bytes which machine, or which installer, would run a file."""

from __future__ import annotations

import re
from pathlib import PurePath

_EICAR = "".join((r"X5O!P%@AP[4\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS", "-TEST-FILE!$H+H*"))
EICAR = _EICAR.encode()
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x7fELF", "ELF program or library"),
    (b"\xfe\xed\xfa\xce", "Mach-O program or library"),
    (b"\xfe\xed\xfa\xcf", "Mach-O program or library"),
    (b"\xce\xfa\xed\xfe", "Mach-O program or library"),
    (b"\xcf\xfa\xed\xfe", "Mach-O program or library"),
    (b"!<arch>\ndebian-binary", "Debian package"),
    (b"!<arch>\n", "archive of object files"),
    (b"\xed\xab\xee\xdb", "RPM package"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Windows installer or Office document"),
    (b"\x00asm", "WebAssembly module"),
    (b"xar!", "macOS installer package"),
    (b"dex\n0", "Android program"),
    (b"MSCF\x00\x00\x00\x00", "Windows cabinet"),
    (b"ITSF\x03\x00\x00\x00", "compiled help"),
    (b"\x4c\x00\x00\x00\x01\x14\x02\x00", "Windows shortcut"),
    (b"\xca\xfe\xd0\x0d", "compressed Java archive"),
    (b"BC\xc0\xde", "LLVM bitcode"),
    (b"\x1bLua", "Lua bytecode"),
)
_FAT_MACH_O = re.compile(rb"\xca\xfe\xba[\xbe\xbf]\x00\x00\x00[\x01-\x1f]", re.DOTALL)
_JAVA_CLASS = re.compile(rb"\xca\xfe\xba\xbe.{2}\x00[\x2d-\x60]", re.DOTALL)
_PYTHON_BYTECODE = re.compile(rb"..\r\n[\x00-\x03]\x00\x00\x00.{8}[\xe3\x63]", re.DOTALL)
_JAR = re.compile(rb"PK\x03\x04.{22}..\x00?.{0,2}META-INF/|PK\x03\x04.{26}META-INF/", re.DOTALL)
_ANDROID = re.compile(rb"PK\x03\x04.{26}(AndroidManifest\.xml|classes\.dex)", re.DOTALL)
_PE_OFFSET = slice(0x3C, 0x40)
_MACHINE_NAMES = (
    ".exe .msi .msix .appx .scr .com .cpl .pif .dll .sys .so .dylib .deb .rpm .apk .aab .ipa .pkg "
    ".dmg .app .jar .war .class .wasm .pyc .pyo .pyd .appimage .snap .flatpak .run .lnk .hta .cab "
    ".chm .iso .img .vbs .vbe .wsf .jse .reg .scpt"
)
MACHINE_SUFFIXES = frozenset(_MACHINE_NAMES.split())


def program_kind(head: bytes) -> str:
    """Name the kind of program that begins with `head`, '' when it is none."""
    for magic, words in _MAGIC:
        if head.startswith(magic):
            return words
    if head.startswith(b"MZ"):
        start = int.from_bytes(head[_PE_OFFSET], "little")
        return "Windows program or library" if head[start : start + 2] in _PE_MAGIC else ""
    patterns = (
        (_FAT_MACH_O, "Mach-O program or library"),
        (_JAVA_CLASS, "Java class"),
        (_PYTHON_BYTECODE, "Python bytecode"),
        (_ANDROID, "Android package"),
        (_JAR, "Java archive"),
    )
    return next((words for pattern, words in patterns if pattern.match(head)), "")


_PE_MAGIC = frozenset({b"PE", b"NE", b"LE", b"LX"})


def is_named_program(name: PurePath) -> bool:
    """Whether the name says openly that it is a program (`libx.so.6` too)."""
    return bool(MACHINE_SUFFIXES & {suffix.lower() for suffix in name.suffixes[-3:]})
