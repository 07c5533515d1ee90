"""What is the reader's own: keys, files that run when a shell or Python starts, the home folder."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import islice

from scanning.scanners._code.names import Names
from scanning.scanners._code.pieces import Piece
from scanning.scanners._code.places import Place
from scanning.scanners.base import Severity

_START = r"(?:^|[/\\~])"
_OWN = re.compile(
    rf"{_START}\.ssh(?:[/\\]|$)|(?:^|[/\\])authorized_keys2?$|\.aws[/\\]credentials"
    rf"|{_START}\.(?:bashrc|bash_profile|bash_login|bash_logout|bash_aliases|profile|zshrc|zshenv"
    r"|zprofile|zlogin|cshrc|tcshrc|kshrc|xinitrc|xprofile|xsessionrc|inputrc|pythonrc(?:\.py)?"
    r"|netrc|pypirc|npmrc|git-credentials|gitconfig|pgpass|vimrc|gnupg|tmux\.conf)(?:$|[/\\])"
    r"|^/etc/(?:passwd|shadow|sudoers|cron|ld\.so\.preload|profile|rc\.local|init\.d|systemd"
    r"|bash\.bashrc|environment)|^/var/spool/cron|\.config[/\\](?:fish|autostart|gcloud|systemd)"
    r"|systemd[/\\]user|Library[/\\]Launch(?:Agents|Daemons)|\.git[/\\]hooks|\.kube[/\\]config"
    r"|\.docker[/\\]config|(?:site|user)customize\.py|site-packages[/\\].*\.pth$"
    r"|/proc/self/(?:mem|environ)|/proc/\d+/|Login Data\b|huggingface[/\\]token$"
    r"|CurrentVersion\\+Run|Start Menu.{1,40}Startup|\.ipython[/\\]profile_\w+[/\\]startup"
    r"|\.mozilla[/\\]firefox|share[/\\]applications[/\\]|\.jupyter[/\\]",
    re.IGNORECASE,
)
_SPACED = re.compile(r"Application Support|User Data|Program Files")
_SPACE = re.compile(r"\s")
_SITES_WORDS = """
site.getsitepackages() site.getusersitepackages() site.USER_SITE sysconfig.get_path()
sysconfig.get_paths() distutils.sysconfig.get_python_lib()
"""
_SITES = frozenset(_SITES_WORDS.split())
_LOADED_THERE = (".pth", ".py", ".so", ".pyd", ".pyc")
# Functions that tell people, or ask.
_TELLING_WORDS = """
print warn warning info debug error exception critical log add_argument startswith endswith
getenv exists isfile isdir dirname is_file is_dir get
"""
_TELLING = frozenset(_TELLING_WORDS.split())
_TELLING_HOMES = re.compile(r"logging\.|os\.environ\.|argparse\.|.*(?:Error|Exception)$")
# Functions that make a path and do nothing to it.
_MAKERS_WORDS = """
join joinpath expanduser expandvars abspath realpath normpath resolve absolute Path PurePath str
format fspath
"""
_MAKERS = frozenset(_MAKERS_WORDS.split())
_COLLECTORS = frozenset({"append", "extend", "insert"})
_PATH_METHODS_WORDS = """
open write_text write_bytes read_text read_bytes touch rename replace symlink_to hardlink_to
"""
_PATH_METHODS = frozenset(_PATH_METHODS_WORDS.split())
_WRITE_METHODS = frozenset({"write_text", "write_bytes", "rename", "replace", "touch"})
_COPIERS_WORDS = "copy copy2 copyfile copytree move rename replace link symlink"
_COPIERS = frozenset(_COPIERS_WORDS.split())
_WHOLE_WORDS = "extractall extract unpack_archive make_archive copytree"
_WHOLE = frozenset(_WHOLE_WORDS.split())
_WRITING = frozenset("wax+")
_HOMES = frozenset({"pathlib.Path.home()", "os.environ.HOME", "os.environ.USERPROFILE", "os.sep"})
_TOPS = re.compile(r"~/?|/|/(?:home|root|etc|usr|var|Users|bin|lib)/?|[A-Za-z]:[\\/]*|/\*")
_OF_HOME_WORDS = """
os.path.expanduser os.path.abspath os.path.realpath os.path.join builtins.str pathlib.Path
os.getenv os.environ.get os.path.normpath
"""
_OF_HOME = frozenset(_OF_HOME_WORDS.split())
_WALKERS_WORDS = "os.walk os.scandir os.listdir glob.glob glob.iglob"
_WALKERS = frozenset(_WALKERS_WORDS.split())
_PATH_WALKERS = frozenset({"rglob", "glob", "iterdir", "walk"})
_MAX_PARTS = 40
_MAX_BOUND = 6
_MAX_WALK = 400
_MAX_DEPTH = 6
_MAX_PATH = 300


def own_files(piece: Piece, names: Names) -> Iterator[tuple[Severity, str]]:
    """Whether a call is given, or a text names, a file of the reader's own."""
    node, is_script = piece.node, piece.place is Place.SCRIPT
    if isinstance(node, ast.Call):
        severity = Severity.MEDIUM if is_script else Severity.HIGH
        if any(is_own_path(_path(one, names)) for one in _paths(node, names)):
            yield severity, "opens a reader's own files"
        elif any(_is_installed(one, names) for one in _written(node, names)):
            yield severity, "writes among the packages that Python loads"
        elif _last(node) in _WHOLE and any(is_home(one, names) for one in _given(node)):
            yield severity, "takes or replaces a whole home folder"
    elif _is_spelled(piece, names):
        yield Severity.LOW if is_script else Severity.MEDIUM, "names a reader's own file"


def is_home(node: ast.expr, names: Names, depth: int = 0) -> bool:
    """The home folder, or the root of the disk, and nothing below it."""
    text = names.folder.text(node)
    if text is not None:
        return bool(_TOPS.fullmatch(text))
    if depth > _MAX_DEPTH or names.resolve(node) in _HOMES:
        return depth <= _MAX_DEPTH
    if isinstance(node, ast.Name):
        return any(is_home(one, names, depth + 1) for one in names.bound.get(node.id, ()))
    if not isinstance(node, ast.Call) or names.resolve(node.func) not in _OF_HOME:
        return False
    variables = {names.folder.text(one) for one in node.args} & {"HOME", "USERPROFILE"}
    return bool(variables) or (len(node.args) == 1 and is_home(node.args[0], names, depth + 1))


def walks_home(node: ast.AST, names: Names) -> bool:
    """`for x in os.walk(home)`, `Path.home().rglob("*")`."""
    if not isinstance(node, ast.For | ast.comprehension):
        return False
    calls = [one for one in ast.walk(node.iter) if isinstance(one, ast.Call)]
    return any(is_home(each, names) for one in calls for each in _walked(one, names))


def _walked(node: ast.Call, names: Names) -> list[ast.expr]:
    """The folders that a call lists."""
    if names.resolve(node.func) in _WALKERS:
        return node.args
    is_walker = isinstance(node.func, ast.Attribute) and node.func.attr in _PATH_WALKERS
    return [node.func.value] if is_walker and isinstance(node.func, ast.Attribute) else []


def _last(node: ast.Call) -> str:
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))


def _given(node: ast.Call) -> list[ast.expr]:
    return [*node.args, *(one.value for one in node.keywords)]


def _paths(node: ast.Call, names: Names) -> list[ast.expr]:
    """What a call may take for a path; nothing of what only tells people."""
    if _last(node) in _MAKERS | _COLLECTORS or _tells(node, names):
        return []
    found = _given(node)
    if isinstance(node.func, ast.Attribute) and node.func.attr in _PATH_METHODS:
        found.append(node.func.value)
    return [one for one in found if not isinstance(one, ast.Lambda | ast.Call) or _is_path(one)]


def _tells(node: ast.Call, names: Names) -> bool:
    return _last(node) in _TELLING or bool(_TELLING_HOMES.match(names.resolve(node.func) or ""))


def _is_path(node: ast.expr) -> bool:
    """A call whose arguments are parts of the path; other calls are looked at on their own."""
    if not isinstance(node, ast.Call):
        return False
    return _last(node) in _MAKERS


def is_own_path(text: str) -> bool:
    """Not what tells people of such a file in a sentence."""
    match = _OWN.search(text) if len(text) <= _MAX_PATH else None
    return match is not None and not _SPACE.search(_SPACED.sub("", text[: match.start()]))


def _is_installed(node: ast.expr, names: Names) -> bool:
    """A file that Python loads, in a folder of installed packages."""
    if not _path(node, names).endswith(_LOADED_THERE):
        return False
    given = islice((inner for one in _sources(node, names) for inner in ast.walk(one)), _MAX_WALK)
    return any(
        names.resolve(one) in _SITES
        or (
            isinstance(one, ast.Attribute)
            and one.attr in {"__file__", "__path__"}
            and names.resolve(one)
        )
        for one in given
    )


def _sources(node: ast.expr, names: Names) -> Iterator[ast.AST]:
    """An expression, and what the names in it are bound to, a few steps far."""
    pending: list[ast.AST] = [node]
    seen: set[str] = set()
    while pending and len(seen) < _MAX_PATH:
        current = pending.pop()
        yield current
        for one in islice(ast.walk(current), _MAX_WALK):
            if isinstance(one, ast.Name) and one.id not in seen:
                seen.add(one.id)
                pending += names.bound.get(one.id, [])


def _written(node: ast.Call, names: Names) -> list[ast.expr]:
    """The paths that a call writes to."""
    last = _last(node)
    of = [node.func.value] if isinstance(node.func, ast.Attribute) else []
    if last in _WRITE_METHODS and len(node.args) < 2:  # noqa: PLR2004
        return of
    if last == "open":
        modes = [*node.args[:2], *(one.value for one in node.keywords if one.arg == "mode")]
        is_written = any(_WRITING & {*(names.folder.text(one) or "")[:3]} for one in modes)
        return [*of, *node.args[:1]] if is_written else []
    return node.args[1:2] if last in _COPIERS else []


def _path(node: ast.expr, names: Names) -> str:
    """The path that an expression makes, with `?` for what is not known."""
    path = ""
    for text, is_glued in _texts(node, names):
        path += text if is_glued or not path else f"/{text}"
    return path


def _texts(node: ast.expr, names: Names) -> Iterator[tuple[str, bool]]:
    """The texts that a path is put together of, and whether one goes on with the last."""
    pending: list[tuple[ast.expr, bool]] = [(node, False)]
    seen: set[str] = set()
    for _ in range(_MAX_PARTS):
        if not pending:
            return
        current, is_glued = pending.pop()
        whole = names.folder.text(current) if isinstance(current, _PUT_TOGETHER) else None
        parts: list[ast.expr] = []
        if isinstance(current, ast.Name) and current.id not in seen:
            parts = list(_bound(current, names))
            seen.add(current.id)
        elif isinstance(current, ast.Attribute):
            whole = _KNOWN_PARTS.get(current.attr)
        elif isinstance(current, _PUT_TOGETHER) and whole is None:
            parts = list(_path_parts(current))
        glues = _glues(current)
        pending += [(one, glues if index else is_glued) for index, one in enumerate(parts)][::-1]
        if not parts:
            yield "?" if whole is None else whole, is_glued


_KNOWN_PARTS = {"__file__": "module.py", "sep": "/"}


def _glues(node: ast.AST) -> bool:
    """`a + b` and `f"{a}{b}"`, not `a / b` and `join(a, b)`."""
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Div)
    )


def _bound(node: ast.Name, names: Names) -> Iterator[ast.expr]:
    for one in names.bound.get(node.id, ())[:_MAX_BOUND]:
        yield from one.elts[:20] if isinstance(one, ast.List | ast.Tuple) else [one]


def _path_parts(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call):
        yield from [node.func.value] if isinstance(node.func, ast.Attribute) else []
        yield from node.args
    elif isinstance(node, ast.Starred) and isinstance(node.value, ast.List | ast.Tuple):
        yield from node.value.elts[:20]
    else:
        yield from (one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr))


_PUT_TOGETHER = (
    ast.Constant,
    ast.BinOp,
    ast.Call,
    ast.JoinedStr,
    ast.FormattedValue,
    ast.Starred,
    ast.Subscript,
)


def _is_spelled(piece: Piece, names: Names) -> bool:
    node, up = piece.node, piece.up
    text = node.value if isinstance(node, ast.Constant) else None
    if up is None or isinstance(up.node, ast.Expr) or not isinstance(text, str):
        return False
    is_end = _glues(up.node) and not text.startswith(("/", "\\", "~"))  # of a longer name
    if is_end or not is_own_path(text):
        return False
    while up is not None and isinstance(up.node, ast.expr | ast.keyword):
        if isinstance(up.node, ast.Compare):
            return False
        if isinstance(up.node, ast.Call) and _tells(up.node, names):
            return False
        up = up.up
    return up is None or not isinstance(up.node, ast.Raise | ast.Assert)
