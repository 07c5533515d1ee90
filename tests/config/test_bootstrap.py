"""The environment is made from what the locks name, from the index the machine is told of."""

from __future__ import annotations

import base64
import functools
import hashlib
import http.server
import json
import threading

import pytest

from config import bootstrap

NAMES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL", "PIP_CONFIG_FILE", "PIP_CERT")
CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine that was told nothing."""
    for name in (*NAMES, *CERTIFICATES, "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "UV_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "given.conf"))
    return tmp_path


class Handler(http.server.SimpleHTTPRequestHandler):
    seen: list[str | None] = []

    def do_GET(self):
        self.seen.append(self.headers.get("Authorization"))
        super().do_GET()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def index(bare, monkeypatch):
    """A package index on this machine with wheels of one tool for several systems."""
    folder = bare / "index"
    (folder / "simple" / "uv").mkdir(parents=True)
    links = ""
    for system in ("manylinux_2_17_x86_64", "manylinux_2_17_aarch64", "musllinux_1_1_x86_64"):
        name = f"uv-1.2.3-py3-none-{system}.whl"
        (folder / name).write_bytes(system.encode())
        links += f'<a href="../../{name}#sha256=0">{name}</a>'
    (folder / "simple" / "uv" / "index.html").write_text(links)
    Handler.seen = []
    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        address = f"http://someone:s%40cret@127.0.0.1:{server.server_port}/simple"
        monkeypatch.setenv("PIP_INDEX_URL", address)
        monkeypatch.setattr(bootstrap, "platform_tags", lambda: ("manylinux", "x86_64"))
        yield server
        server.shutdown()
        thread.join()


def lock(content: bytes) -> str:
    return f"uv==1.2.3 --hash=sha256:{hashlib.sha256(content).hexdigest()}"


def test_the_wheel_of_this_system_is_taken_when_the_lock_names_its_hash(index):
    content = b"manylinux_2_17_x86_64"
    assert bootstrap.fetch_wheel("uv", version="1.2.3", lock=lock(content)) == content


def test_a_wheel_that_the_lock_does_not_name_is_refused(index):
    with pytest.raises(bootstrap.SetupError, match="the lock does not name: refused"):
        bootstrap.fetch_wheel("uv", version="1.2.3", lock=lock(b"another"))


def test_a_version_without_a_wheel_for_this_system_is_said(index):
    with pytest.raises(bootstrap.SetupError, match=r"no wheel of uv 9\.9 for manylinux x86_64"):
        bootstrap.fetch_wheel("uv", version="9.9", lock="")


def test_name_and_password_of_an_index_are_sent_but_not_said(index):
    with pytest.raises(bootstrap.SetupError, match="answers 404") as caught:
        bootstrap.get(bootstrap.index_address() + "/absent/")
    assert Handler.seen == ["Basic " + base64.b64encode(b"someone:s@cret").decode()]
    assert "cret" not in str(caught.value)


def test_an_index_that_does_not_answer_is_an_error_for_people(bare):
    with pytest.raises(bootstrap.SetupError, match="the package index does not answer"):
        bootstrap.get("http://127.0.0.1:9/simple/")


def test_pip_settings_are_read_as_pip_reads_them(bare, monkeypatch):
    (bare / ".config/pip").mkdir(parents=True)
    (bare / ".config/pip/pip.conf").write_text("[global]\nindex-url = https://a.example/simple/\n")
    assert bootstrap.index_address() == "https://a.example/simple"
    (bare / "given.conf").write_text("[install]\nindex-url = https://b.example/simple\n")
    assert bootstrap.index_address() == "https://b.example/simple"
    monkeypatch.setenv("PIP_INDEX_URL", "https://c.example/simple")
    assert bootstrap.index_address() == "https://c.example/simple"
    monkeypatch.setenv("UV_INDEX_URL", "https://d.example/simple")
    assert bootstrap.index_address() == "https://d.example/simple"


def test_uv_is_told_the_index_more_indexes_and_the_certificates_of_pip(bare):
    trusted = bare / "trusted.pem"
    trusted.touch()
    (bare / "given.conf").write_text(
        f"[global]\nindex-url = https://a.example/simple\ncert = {trusted}\n"
        "extra-index-url = https://b.example/simple\n https://c.example/simple\n"
    )
    told = bootstrap.uv_environment()
    assert told["UV_DEFAULT_INDEX"] == "https://a.example/simple"
    assert told["UV_INDEX"] == "https://b.example/simple https://c.example/simple"
    assert told["SSL_CERT_FILE"] == str(trusted)


def test_a_changed_lock_changes_the_stamp(bare, monkeypatch):
    for name in ("requirements.txt", "requirements-uv.txt"):
        (bare / name).write_text(name)
    monkeypatch.setattr(bootstrap, "ROOT", bare)
    before = bootstrap.stamp_for("run")
    assert bootstrap.stamp_for("run") == before
    (bare / "requirements.txt").write_text("more")
    assert bootstrap.stamp_for("run") != before


def test_an_unreadable_stamp_counts_as_none(bare, monkeypatch):
    monkeypatch.setattr(bootstrap, "STAMP", bare / "stamp.json")
    assert bootstrap.read_stamp() == {}
    bootstrap.STAMP.write_text("{")
    assert bootstrap.read_stamp() == {}
    bootstrap.STAMP.write_text(json.dumps({"kind": "run"}))
    assert bootstrap.read_stamp() == {"kind": "run"}
