"""aria2 and clamd as the yard configures them, run for real where the machine has them."""

from __future__ import annotations

import socket
import subprocess
import xmlrpc.client

import pytest

from config.yard.services import wait_until
from config.yard.tools import Clamd, find, install_missing
from downloads.fetchers.daemon import Aria2Daemon
from tests.services.ports import free_ports

PATIENCE = 120.0
MARK = b"modelyard-harmless-signature"

needs_clamd = pytest.mark.skipif(not find("clamd"), reason="clamd is not installed")
needs_aria2 = pytest.mark.skipif(not find("aria2c"), reason="aria2 is not installed")


@pytest.fixture
def run(tmp_path):
    """Start programs that end with the test."""
    started = []

    def start(command):
        with (tmp_path / "log").open("wb") as log:
            started.append(subprocess.Popen(command, stdout=log, stderr=log))
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=60)


def ask_clamd(path, message: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(str(path))
        client.sendall(message)
        answer = b""
        while piece := client.recv(4096):
            answer += piece
    return answer


def answers(path) -> bool:
    try:
        return ask_clamd(path, b"zPING\0") == b"PONG\0"
    except OSError:
        return False


@needs_clamd
def test_clamd_finds_what_the_yards_own_signature_names(tmp_path, run, monkeypatch):
    monkeypatch.setattr("config.yard.tools.SYSTEM_SIGNATURES", ())
    clamd = Clamd(folder=tmp_path / "a yard", socket=tmp_path / "s")
    assert not clamd.databases()
    clamd.signatures.mkdir(parents=True)
    (clamd.signatures / "own.ndb").write_text(f"Yard.Test:0:*:{MARK.hex()}\n")
    clamd.make()
    run(clamd.command())
    assert wait_until(lambda: answers(clamd.socket), seconds=PATIENCE)
    body = b"before " + MARK
    stream = b"zINSTREAM\0" + len(body).to_bytes(4, "big") + body + bytes(4)
    assert b"Yard.Test.UNOFFICIAL FOUND" in ask_clamd(clamd.socket, stream)
    assert clamd.socket.stat().st_mode & 0o077 == 0


def test_the_yards_own_signature_file_comes_before_the_machines(tmp_path, monkeypatch):
    system = tmp_path / "system"
    system.mkdir()
    monkeypatch.setattr("config.yard.tools.SYSTEM_SIGNATURES", (system,))
    clamd = Clamd(folder=tmp_path / "own", socket=tmp_path / "s")
    clamd.signatures.mkdir(parents=True)
    for name in ("daily.cvd", "main.cvd", "freshclam.dat"):
        (system / name).touch()
    (clamd.signatures / "main.cvd").touch()
    assert sorted(clamd.databases()) == [clamd.signatures / "main.cvd", system / "daily.cvd"]


def test_clamds_folder_follows_updates_of_the_signatures(tmp_path, monkeypatch):
    system = tmp_path / "system"
    system.mkdir()
    monkeypatch.setattr("config.yard.tools.SYSTEM_SIGNATURES", (system,))
    clamd = Clamd(folder=tmp_path / "own", socket=tmp_path / "s")
    for name in ("daily.cvd", "main.cvd"):
        (system / name).touch()
    clamd.make()
    (system / "daily.cvd").rename(system / "daily.cld")
    (clamd.signatures / "main.cvd").touch()
    clamd.gather()
    clamd.gather()
    found = {link.name: link.resolve(strict=True) for link in clamd.database.iterdir()}
    assert found == {
        "daily.cld": system / "daily.cld",
        "main.cvd": clamd.signatures / "main.cvd",
    }


def version(aria2: Aria2Daemon, secret: str) -> str:
    address = aria2.url.replace("/jsonrpc", "/rpc")
    with xmlrpc.client.ServerProxy(address) as server:
        return server.aria2.getVersion(f"token:{secret}")["version"]


@needs_aria2
def test_aria2_answers_to_its_secret_alone(tmp_path, run):
    (port,) = free_ports(1)
    folder = tmp_path / "a yard"
    session = folder / "aria2" / "session"
    aria2 = Aria2Daemon(find("aria2c"), folder, session, port, secret="right")
    aria2.make()
    assert aria2.configuration.stat().st_mode & 0o077 == 0
    process = run(aria2.command())

    def up() -> bool:
        assert process.poll() is None
        try:
            return bool(version(aria2, "right"))
        except OSError:
            return False

    assert wait_until(up, seconds=PATIENCE)
    with pytest.raises(xmlrpc.client.Fault, match="Unauthorized"):
        version(aria2, "wrong")


def test_what_is_missing_is_named_to_those_who_cannot_install_it(monkeypatch):
    monkeypatch.setattr("config.yard.tools.find", lambda program: "")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    said: list[str] = []
    install_missing(said.append)
    (line,) = said
    assert line.startswith("not found: aria2 clamav-daemon (optional")
    assert "sudo apt-get install aria2 clamav-daemon" in line
