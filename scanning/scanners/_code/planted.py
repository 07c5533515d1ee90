"""Modules that a source writes or fetches before it imports them, and templates that it holds."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from scanning.scanners._code.names import BY_NAME, Names
from scanning.scanners._code.places import Place
from scanning.scanners._jinja.parse import template_findings
from scanning.scanners.base import Finding, Severity

_SUFFIXES = (".py", ".pyc", ".pyd", ".so")
_OPENERS = frozenset({"builtins.open", "io.open", "codecs.open"})
_WRITING = frozenset("wax+")
_WRITE_METHODS = frozenset({"write_text", "write_bytes"})
_COPY_WORDS = """
shutil.copy shutil.copy2 shutil.copyfile shutil.move os.rename os.replace os.link os.symlink
"""
_COPIERS = frozenset(_COPY_WORDS.split())
_FETCH_WORDS = """
urllib.request.urlretrieve wget.download gdown.download torch.hub.download_url_to_file
huggingface_hub.hf_hub_download huggingface_hub.file_download.hf_hub_download
transformers.utils.cached_file transformers.utils.hub.cached_file
"""
_FETCHERS = frozenset(_FETCH_WORDS.split())
_FOLDERS = frozenset({"huggingface_hub.snapshot_download", "shutil.unpack_archive"})
_PATH_CALLS = frozenset(
    {"sys.path.append", "sys.path.insert", "sys.path.extend", "site.addsitedir", "site.addpackage"}
)
_ARCHIVES = (".zip", ".egg", ".whl", ".pyz")
_ANYBODYS = ("/tmp/", "/var/tmp/", "/dev/shm/")  # noqa: S108 searched for, not used
_REMOTE = ("http://", "https://", "ftp://")
_TEMPLATES = frozenset({"jinja2.Template", "jinja2.environment.Template"})
_FROM_TEXT = "from_string"
_KEY = "chat_template"


def imported_names(nodes: Iterable[ast.AST], names: Names) -> frozenset[str]:
    """Every module that a source imports, by the last part of its name; files by theirs."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {part for one in node.names for part in one.name.split(".")}
        elif isinstance(node, ast.ImportFrom):
            found |= set((node.module or "").split("."))
            found |= {one.name for one in node.names} if node.level else set()
        elif isinstance(node, ast.Call):
            name = names.resolve(node.func) or ""
            if name in BY_NAME or name.endswith("spec_from_file_location"):
                texts = [text for one in node.args for text in _texts(one, names)]
                found |= {PurePosixPath(text).stem for text in texts}
                found |= {text.rpartition(".")[2] for text in texts}
    return frozenset(found)


def planted(
    node: ast.AST, names: Names, imported: frozenset[str], place: Place
) -> Iterator[tuple[str, Severity, str]]:
    """What a call puts in place to be imported, and where Python is let look for modules."""
    if isinstance(node, ast.Call):
        yield from _by_call(node, names, imported, place)
    elif isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(_is_path_list(one, names) for one in targets):
            yield from _searched([node.value], names, place)


def _is_path_list(target: ast.expr, names: Names) -> bool:
    """`sys.path`, `sys.path[:0]`."""
    of = target.value if isinstance(target, ast.Subscript) else target
    return isinstance(of, ast.Attribute) and of.attr == "path" and names.resolve(of) == "sys.path"


def is_brought(value: ast.expr, names: Names, nodes: list[ast.AST]) -> bool:
    """Whether a path is of a file that the source writes or fetches, or lies beside it."""
    given = {*_texts(value, names)}
    sources = [value]
    if isinstance(value, ast.Name):
        sources += names.bound.get(value.id, [])
    for one in (inner for source in sources for inner in ast.walk(source)):
        if isinstance(one, ast.Name) and one.id == "__file__":
            return True
        if isinstance(one, ast.Call) and (names.resolve(one.func) or "") in _FETCHERS | _FOLDERS:
            return True
    calls = (one for one in nodes if isinstance(one, ast.Call))
    return any(
        not given.isdisjoint(_targets(one, names.resolve(one.func) or "", names)) for one in calls
    )


def _by_call(
    node: ast.Call, names: Names, imported: frozenset[str], place: Place
) -> Iterator[tuple[str, Severity, str]]:
    name = names.resolve(node.func) or ""
    is_fetched = name in _FETCHERS
    for text in _targets(node, name, names):
        if not text.lower().endswith(_SUFFIXES):
            continue
        did = "fetches" if is_fetched else "writes"
        if PurePosixPath(text.replace("\\", "/")).name.partition(".")[0] in imported:
            severity = Severity.MEDIUM if place is Place.SCRIPT else Severity.HIGH
            yield "python_planted_module", severity, f"imports the module that it {did}"
        elif is_fetched:
            severity = Severity.LOW if place is Place.SCRIPT else Severity.MEDIUM
            yield "python_planted_module", severity, "fetches code"
        else:
            yield "python_planted_module", Severity.LOW, "writes code"
    if name in _PATH_CALLS:
        yield from _searched(node.args, names, place)


def _searched(
    given: list[ast.expr], names: Names, place: Place
) -> Iterator[tuple[str, Severity, str]]:
    if _is_odd_folder(given, names):
        severity = Severity.LOW if place is Place.SCRIPT else Severity.MEDIUM
        message = "lets Python import from an archive, or from what others may write"
        yield "python_planted_module", severity, message


def held_templates(node: ast.AST, names: Names, location: str) -> Iterator[Finding]:
    """Constant text that is made a template is one."""
    if isinstance(node, ast.Call):
        name = names.resolve(node.func) or ""
        makes = name in _TEMPLATES or (
            isinstance(node.func, ast.Attribute) and node.func.attr == _FROM_TEXT
        )
        given = node.args[:1] if makes else []
        given += [one.value for one in node.keywords if one.arg in {_KEY, "source"}]
    elif isinstance(node, ast.Assign):
        given = [node.value] if any(_is_template_name(one) for one in node.targets) else []
    else:
        return
    for one in given:
        yield from template_findings(names.folder.text(one) or "", location, certain=False)
    for one in _expressions(node):
        text = names.folder.text(one) or ""
        yield from template_findings(f"{{{{ {text} }}}}", location, certain=False)


def _expressions(node: ast.AST) -> list[ast.expr]:
    """`Environment().compile_expression("...")`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return []
    return node.args[:1] if node.func.attr == "compile_expression" else []


def _is_template_name(target: ast.expr) -> bool:
    name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
    return str(name).lower().endswith(_KEY)


def _targets(node: ast.Call, name: str, names: Names) -> list[str]:
    """The paths that a call writes to, as far as they are constant."""
    arguments = [*node.args, *(one.value for one in node.keywords)]
    if name in _OPENERS:
        given = arguments[:1] if _is_writing(node, names) else []
    elif name in _COPIERS:
        given = arguments[1:2]
    elif name in _FETCHERS:
        given = arguments
    elif isinstance(node.func, ast.Attribute) and node.func.attr in _WRITE_METHODS:
        given = [node.func.value]
    else:
        given = []
    return [text for one in given for text in _texts(one, names)]


def _is_writing(node: ast.Call, names: Names) -> bool:
    modes = node.args[1:2] or [one.value for one in node.keywords if one.arg == "mode"]
    return any(_WRITING & set(names.folder.text(one) or "") for one in modes)


def _texts(node: ast.expr, names: Names) -> list[str]:
    """The constant text that it is, or the constant texts that it is put together of."""
    node = names.folder.constants.get(node.id, node) if isinstance(node, ast.Name) else node
    whole = names.folder.text(node)
    if whole is not None:
        return [whole]
    parts = (one.value for one in ast.walk(node) if isinstance(one, ast.Constant))
    return [one for one in parts if isinstance(one, str)]


def _is_odd_folder(folders: list[ast.expr], names: Names) -> bool:
    for one in folders:
        given = names.folder.constants.get(one.id, one) if isinstance(one, ast.Name) else one
        texts = _texts(given, names)
        if any(_is_odd(text) for text in texts):
            return True
        calls = [inner for inner in ast.walk(given) if isinstance(inner, ast.Call)]
        if any((names.resolve(call.func) or "") in _FOLDERS | _FETCHERS for call in calls):
            return True
    return False


def _is_odd(text: str) -> bool:
    is_anybodys = f"{text}/".startswith(_ANYBODYS)
    return is_anybodys or text.lower().endswith(_ARCHIVES) or text.startswith(_REMOTE)
