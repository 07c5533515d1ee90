"""supervisord as our child: its configuration, and a client that starts and stops in order."""

from __future__ import annotations

import contextlib
import http.client
import os
import pwd
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from config.settings.env import BASE_DIR
from config.yard.launch import end, marked
from config.yard.places import Places, YardError
from config.yard.programs import Program, write_programs
from config.yard.services import wait_until

# The shell fills in where the project is: no path needs quoting in the configuration.
LAUNCH = (
    """/bin/sh -c 'cd "$MODELYARD_HOME" && exec .venv/bin/python -I config/yard/launch.py {}'"""
)
UNREACHABLE = (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError)
REST = 10.0
ENDED = frozenset({"STOPPED", "EXITED", "FATAL", "UNKNOWN"})


def configuration(programs: list[Program], socket: Path) -> str:
    """Write supervisord's file. Its paths are relative to the log folder, where it runs."""
    lines = [
        "[unix_http_server]",
        f"file={socket}",
        "chmod=0600",
        "[supervisord]",
        "nodaemon=true",
        "silent=true",
        "logfile=supervisord.log",
        "logfile_maxbytes=5MB",
        "logfile_backups=1",
        "pidfile=../run/supervisord.pid",
        "childlogdir=.",
        f"user={pwd.getpwuid(os.getuid()).pw_name}" if os.getuid() == 0 else "",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for program in programs:
        lines += section(program)
    return "\n".join(line for line in lines if line) + "\n"


def section(program: Program) -> list[str]:
    """Write one program: restarted for ever when it ends, its whole group killed when it must."""
    return [
        f"[program:{program.name}]",
        f"command={LAUNCH.format(program.name)}",
        "autostart=false",
        "autorestart=true",
        "startsecs=1",
        "startretries=4",
        f"priority={program.layer}",
        f"stopsignal={program.stop_signal}",
        f"stopwaitsecs={program.stop_seconds}",
        "killasgroup=true",
        "redirect_stderr=true",
        f"stdout_logfile={program.name}.log",
        "stdout_logfile_maxbytes=10MB",
        "stdout_logfile_backups=2",
    ]


class Supervisor:
    """One supervisord and its programs."""

    def __init__(
        self,
        places: Places,
        programs: list[Program],
        environ: dict[str, str],
        pump: Callable[[], None],
    ) -> None:
        self.places = places
        self.programs = programs
        self.environ = {**environ, "MODELYARD_HOME": str(BASE_DIR)}
        self.socket = places.socket("supervisor")
        self.pump = pump
        self.process: subprocess.Popen[bytes] | None = None
        self.next_look = 0.0

    def start(self) -> None:
        """Start supervisord with nothing running under it yet."""
        file = self.places.run / "supervisord.conf"
        file.write_text(configuration(self.programs, self.socket))
        words = ["-m", "supervisor.supervisord", "--nodaemon", "--configuration", str(file)]
        daemon = Program("supervisord", [sys.executable, *words], folder=self.places.log)
        write_programs([*self.programs, daemon], self.places)
        self.socket.unlink(missing_ok=True)
        with self.first_words.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "config/yard/launch.py", "supervisord"],
                cwd=BASE_DIR,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for us; we stop it in order
            )
        if not wait_until(self.answers, seconds=60, meanwhile=self.check_alive):
            raise YardError(f"supervisord does not answer; see {self.places.log}/supervisord.log")

    @property
    def first_words(self) -> Path:
        """Where supervisord says why it cannot start."""
        return self.places.log / "supervisord.start"

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def check_alive(self) -> None:
        self.pump()
        if not self.alive():
            raise YardError(f"supervisord ended: {self.first_words.read_text().strip()}")

    def call(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 XML-RPC answers are untyped
        """Ask supervisord over its private socket."""
        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def answers(self) -> bool:
        try:
            return bool(self.call("getState")["statename"] == "RUNNING")
        except UNREACHABLE:
            return False

    def states(self) -> dict[str, str]:
        return {row["name"]: row["statename"] for row in self.call("getAllProcessInfo")}

    def start_programs(self, programs: list[Program]) -> None:
        for program in programs:
            self.call("startProcess", program.name, False)  # noqa: FBT003 XML-RPC takes no names

    def wait_for(self, name: str, answers: Callable[[], bool], *, seconds: float) -> None:
        """Wait until a program answers; say what its log says when it gives up."""

        def check() -> None:
            self.check_alive()
            with contextlib.suppress(*UNREACHABLE):  # it ends just now: the next look says so
                if self.states().get(name) == "FATAL":
                    raise YardError(f"{name} does not start; its log: {self.places.log}/{name}.log")

        if not wait_until(answers, seconds=seconds, meanwhile=check):
            raise YardError(f"{name} does not answer; its log: {self.places.log}/{name}.log")

    def revive(self, say: Callable[[str], None]) -> None:
        """Start again, after a rest, what supervisord has given up; a cause may have passed."""
        if time.monotonic() < self.next_look:
            return
        self.next_look = time.monotonic() + REST
        with contextlib.suppress(*UNREACHABLE):  # supervisord ended: `follow` sees to that
            for name, state in self.states().items():
                if state == "FATAL":
                    say(f"{name} keeps ending, see {self.places.log}/{name}.log; trying again")
                    self.call("startProcess", name, False)  # noqa: FBT003 as above

    def stop(self) -> None:
        """Stop everything, upper layers first, and leave no process behind whatever happens."""
        with contextlib.suppress(*UNREACHABLE, xmlrpc.client.Fault):
            for layer in sorted({program.layer for program in self.programs}, reverse=True):
                self.stop_layer(layer)
            self.call("shutdown")
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=30)
        end(marked(str(self.places.state)))
        if self.process is not None:
            self.process.wait()

    def stop_layer(self, layer: int) -> None:
        """Ask the programs of one layer to stop, all at once, and wait for them."""
        names = {program.name for program in self.programs if program.layer == layer}
        for name in names:
            with contextlib.suppress(xmlrpc.client.Fault):  # it was not running
                self.call("stopProcess", name, False)  # noqa: FBT003 as above
        longest = max(program.stop_seconds for program in self.programs)

        def stopped() -> bool:
            states = self.states()  # what supervisord does not know does not run
            return all(states.get(name, "STOPPED") in ENDED for name in names)

        wait_until(stopped, seconds=longest + 10, meanwhile=self.pump)
