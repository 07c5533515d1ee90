"""An engine dies, hangs, has no room or goes away in a scan: never clean, retried, then told."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from contextlib import contextmanager, suppress

import pytest
from django.contrib.auth.models import Group

from core.models import Run, RunState
from core.runs import MAX_RETRIES
from core.storage.files import FileContentStore
from scanning.models import Scan
from tests.catalog.faulty import assert_it_waits
from tests.catalog.test_intake_no_room import MOUNT, small_disk
from tests.factories.registry import UserFactory
from tests.scanning.clamd import BINARY, running_clamd
from tests.scanning.hostile import hostile
from tests.standins.repos import RENAMED_TO, TINY_CONFIG, tiny_safetensors

__all__ = ["hostile", "small_disk"]
ODD, FILE = "acme/odd", "hostile.txt"
CARD = "---\nlicense: mit\n---\nOdd.\n"


@pytest.fixture
def odd(yard, hostile):
    """Make a repository with a file on which an engine does what these words say."""

    def make(words):
        weights = tiny_safetensors({"w": ("F32", [2])})
        files = {"README.md": CARD, "config.json": TINY_CONFIG, "model.safetensors": weights}
        yard.upstream.repos.repo(ODD, {**files, FILE: words})
        yard.upstream.reload()
        return yard.drive(yard.ask(ODD).run, until="scan")

    return make


def assert_nothing_is_out(yard, run):
    version = yard.version(run)
    assert version.admission != "admitted"
    assert yard.hub_status(ODD, "model.safetensors") == 403


@pytest.mark.parametrize(
    ("word", "seconds", "reason"),
    [
        ("sleep", 3, "gave no answer within 3 seconds"),
        ("eat", 120, "out of memory"),
        ("segfault", 120, "SIGSEGV"),
    ],
)
def test_an_engine_that_fails_is_tried_again_and_never_clean(
    yard, odd, settings, word, seconds, reason
):
    settings.SCAN_TIMEOUT = seconds
    run = odd(word)
    for count in range(1, MAX_RETRIES + 1):
        yard.turn(run)
        step = run.steps.get(name="scan")
        assert (run.state, step.state, step.retries) == (RunState.RUNNING, "waiting", count)
        assert run.not_before is not None
        assert FILE in step.message
        assert reason in step.message
        assert yard.version(run).scan_verdict == "incomplete"
        assert_nothing_is_out(yard, run)
    yard.drive(run)
    version = yard.version(run)
    gate = version.gates.get(gate="malware")
    assert (run.state, version.admission, gate.outcome) == (RunState.DONE, "held", "unknown")
    assert FILE in gate.reason
    assert_nothing_is_out(yard, run)
    assert yard.staged() == []


def test_what_passes_until_the_next_try_is_survived(yard, odd):
    run = odd(f"unless {yard.folder}/well segfault")
    yard.turn(run)
    assert_nothing_is_out(yard, run)
    before = dict(Scan.objects.exclude(scanner="hostile").values_list("pk", "scanned_at"))
    (yard.folder / "well").touch()
    yard.drive(run)
    assert (run.state, yard.version(run).admission) == (RunState.DONE, "admitted")
    assert dict(Scan.objects.filter(pk__in=before).values_list("pk", "scanned_at")) == before


def test_after_the_last_try_a_person_asks_for_another_scan(yard, odd, client):
    run = yard.drive(odd(f"unless {yard.folder}/well segfault"))
    version = yard.version(run)
    assert version.admission == "held"
    user = UserFactory(tier="professional")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    url = f"/models/{version.model.slug}/"
    assert "Scan again" not in client.get(f"{url}scan/").content.decode()
    assert client.post(f"{url}versions/1/scan/").status_code == 403
    user.groups.add(Group.objects.get_or_create(name="operator")[0])
    assert "Scan again" in client.get(f"{url}scan/").content.decode()
    (yard.folder / "well").touch()
    answer = client.post(f"{url}versions/1/scan/")
    assert answer.status_code == 302
    again = Run.objects.get(pk=answer["Location"].split("/")[2])
    assert again != run
    yard.drive(again)
    assert yard.version(again).admission == "admitted"


@contextmanager
def cut_off(address, process, folder):
    """Stand before clamd; it is killed when it has taken the beginning of a stream."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "s"))
        server.listen()
        thread = threading.Thread(target=_serve, args=(server, address, process))
        thread.start()
        try:
            yield str(folder / "s")
        finally:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(server, address, process):
    """Pass on what is asked until a stream comes: then nobody listens any more."""
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            with connection, socket.socket(socket.AF_UNIX) as clamd:
                if not (said := connection.recv(65536)):
                    continue
                clamd.connect(address.socket)
                clamd.sendall(said)
                if b"INSTREAM" in said:
                    server.close()
                    process.kill()
                    process.wait()
                    return
                connection.sendall(clamd.recv(65536))


@pytest.mark.skipif(BINARY is None, reason="clamd is not installed")
def test_a_clamd_that_is_killed_in_a_stream_is_waited_for(yard, settings, tmp_path_factory):
    run = yard.drive(yard.ask(RENAMED_TO).run, until="scan")
    folder = tmp_path_factory.mktemp("s")
    with running_clamd() as (address, process), cut_off(address, process, folder) as place:
        settings.CLAMD_SOCKET = place
        yard.turn(run)
    assert run.steps.get(name="scan").state == "waiting"
    lost = Scan.objects.filter(scanner="clamav", verdict="incomplete")
    assert "clamd" in lost.first().detail
    assert not Scan.objects.filter(scanner="clamav", verdict="clean").exists()
    assert yard.version(run).admission == "pending"
    assert yard.hub_status(RENAMED_TO, "config.json") == 403
    with running_clamd() as (address, _):
        settings.CLAMD_SOCKET = address.socket
        yard.drive(run)
    assert yard.version(run).admission == "admitted"
    assert not Scan.objects.filter(verdict="incomplete").exists()


def test_a_scratch_disk_that_is_full_is_waited_for(yard, small_disk, settings, monkeypatch):
    """Where contents have to be brought from an object store."""
    run = yard.drive(yard.ask(RENAMED_TO).run, until="scan")
    monkeypatch.setattr(FileContentStore, "local_path", lambda self, sha256: None)
    settings.SCRATCH_DIR = small_disk / "scratch"
    filler = small_disk / "filler"
    with suppress(OSError):
        filler.write_bytes(bytes(2 << 20))
    yard.turn(run)
    assert_it_waits(run, "scan", "storage_full", "no space left on the disk")
    assert yard.version(run).admission == "pending"
    filler.unlink()
    subprocess.run([str(MOUNT), "-o", "remount,size=64m", small_disk], check=True)
    yard.drive(run)
    assert yard.version(run).admission == "admitted"
    assert list(settings.SCRATCH_DIR.iterdir()) == []
    assert shutil.disk_usage(small_disk).used < 1 << 20


def test_an_engine_that_has_no_room_left_is_waited_for(yard, odd, small_disk, settings):
    settings.SCRATCH_DIR = small_disk / "scratch"
    run = odd(f"unless {yard.folder}/well write")
    yard.turn(run)
    assert_it_waits(run, "scan", "storage_full", "No space left on device (hostile)")
    assert_nothing_is_out(yard, run)
    (yard.folder / "well").touch()
    yard.drive(run)
    assert yard.version(run).admission == "admitted"
