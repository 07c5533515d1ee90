"""How the yard runs aria2: for the supervisor and for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from core.errors import InvalidInputError
from core.storage.faults import local_faults


@dataclass(frozen=True, slots=True)
class Aria2Daemon:
    """aria2 on a loopback port: it keeps its session, and its secret is in a private file."""

    binary: str
    staging: Path
    session: Path
    port: int
    secret: str = field(repr=False)
    at_once: int = 64  # who asks decides how many; aria2 shall not let one wait

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/jsonrpc"

    @property
    def configuration(self) -> Path:
        return self.session.with_name("aria2.conf")

    def command(self) -> list[str]:
        """Return the command line; every option stands in the configuration, the secret too."""
        return [self.binary, f"--conf-path={self.configuration}"]

    def make(self) -> None:
        """Write what the command needs; harmless before every start."""
        with local_faults(f"aria2 folder {self.session.parent}"):
            self.staging.mkdir(parents=True, exist_ok=True)
            self.session.parent.mkdir(parents=True, exist_ok=True)
            for path in (self.session, self.configuration):
                path.touch(mode=0o600)
                path.chmod(0o600)  # signed addresses are in the session
            self.configuration.write_text(self._options_text())

    def _options_text(self) -> str:
        values = [str(value) for value in self._options().values()]
        if any("\n" in value or "\r" in value for value in values) or not self.secret:
            raise InvalidInputError("An option of aria2 is empty or holds a line break")
        return "".join(f"{key}={value}\n" for key, value in self._options().items())

    def _options(self) -> dict[str, str | int | Path]:
        return {
            "enable-rpc": "true",
            "rpc-listen-all": "false",
            "rpc-listen-port": self.port,
            "rpc-secret": self.secret,
            "dir": self.staging,
            "input-file": self.session,
            "save-session": self.session,
            "save-session-interval": 1,
            "pause": "true",  # after a restart nothing moves that nobody asks for any more
            "auto-save-interval": 1,
            "continue": "true",
            "always-resume": "false",
            "auto-file-renaming": "false",
            "allow-overwrite": "true",
            "file-allocation": "none",
            "max-concurrent-downloads": self.at_once,
            "max-connection-per-server": 16,
            "split": 16,
            "min-split-size": "1M",
            "connect-timeout": 15,
            "timeout": 60,
            "max-download-result": 10_000,
            "follow-torrent": "false",
            "follow-metalink": "false",
            "enable-dht": "false",
            "enable-dht6": "false",
            "bt-enable-lpd": "false",
            "enable-peer-exchange": "false",
            "no-netrc": "true",
            "remote-time": "false",
            "http-accept-gzip": "false",
            "console-log-level": "warn",
            "summary-interval": 0,
            "show-console-readout": "false",
        }
