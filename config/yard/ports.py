"""Ports: the one for people must be free, those inside are chosen free and remembered."""

from __future__ import annotations

import errno
import json
import socket
from pathlib import Path

import psutil

from config.yard.places import YardError


def holder_of(port: int) -> str:
    """Say who listens on a TCP port ('' where the system does not tell us)."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return ""
    for connection in connections:
        here = connection.laddr
        if connection.status == psutil.CONN_LISTEN and here and here.port == port:
            return describe(connection.pid)
    return ""


def describe(pid: int | None) -> str:
    if pid is None:
        return ""
    try:
        return f"{psutil.Process(pid).name()} (pid {pid})"
    except psutil.Error:
        return f"pid {pid}"


def check_free(addresses: list[str], port: int) -> None:
    """Raise with a way out when the port that people use is taken."""
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                raise YardError(refusal(address, port, error)) from error


def refusal(address: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        who = holder_of(port) or "another program"
        way_out = f"Stop it, or use another port: APP_PORT={port + 1} make up"
        return f"Port {port} is taken by {who}. {way_out}"
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than you have. Use one above 1023: APP_PORT=9083"
    return f"Cannot listen on {address} port {port}: {error.strerror}. See BIND_ADDRESS."


def loopbacks() -> list[str]:
    """Give the addresses that `localhost` means on this machine: IPv4, and IPv6 where it is on."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return ["127.0.0.1"]
    return ["127.0.0.1", "::1"]


def kept_port(file: Path, name: str) -> int:
    """Give the loopback port of an inner service: the one it had before, or a free one."""
    kept = json.loads(file.read_text()) if file.exists() else {}
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", kept.get(name, 0)))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    file.write_text(json.dumps({**kept, name: port}))
    return port
