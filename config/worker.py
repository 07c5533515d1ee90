"""One background process: `python -m config.worker intake|downloads|scanning|beat`.

The same as the `celery` command with our options, without the memory that its command line and
project checks cost each process.
"""

from __future__ import annotations

import os
import socket
import sys

import config.lean  # noqa: F401 first
from config.celery import app
from config.settings.env import env

WORKERS = {
    "intake": ("intake", "licenses", "leaderboards"),
    "downloads": ("downloads",),
    "scanning": ("scanning", "rescans"),
}


def work(name: str) -> int:
    """Work the queues of this worker until a signal asks to stop."""
    worker = app.Worker(
        hostname=f"{name}@{socket.gethostname()}",
        queues=list(WORKERS[name]),
        pool="threads",
        concurrency=env.WORKER_THREADS,
        loglevel="INFO",
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


def beat() -> int:
    """Send what is due until a signal asks to stop."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.beat"
    app.Beat(loglevel="INFO", quiet=True).run()
    return 0


def main(name: str) -> int:
    # The web workers check the project; here it would only load every page and form.
    os.environ.setdefault("CELERY_SKIP_CHECKS", "true")
    if name == "beat":
        return beat()
    if name not in WORKERS:
        sys.stderr.write(f"no worker is called {name}: {', '.join([*WORKERS, 'beat'])}\n")
        return 2
    return work(name)


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
