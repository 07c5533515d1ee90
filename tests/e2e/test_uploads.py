"""A private model is sent by browser, through kills and reloads, and by a script as a stream."""

from __future__ import annotations

import hashlib
import json
import re

import psutil
import pytest
from playwright.sync_api import expect

from config.yard.launch import marked
from config.yard.services import wait_until
from tests.e2e.aftermath import back_again, kill
from tests.e2e.browser import HAS_CHROMIUM, MINUTE, context_of, running_browser, watch_to_the_end
from tests.e2e.yard import Person
from tests.services.yard import PATIENCE
from tests.standins.repos import TINY_CONFIG, tiny_safetensors

MEGABYTE = 1 << 20
SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 8_000_000}
FAST = {**SLOW, "uploadThroughput": -1}
PIECE = {"Content-Type": "application/offset+octet-stream", "Tus-Resumable": "1.0.0"}


@pytest.fixture
def files(tmp_path):
    """A folder with a model of 40 MB."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "README.md").write_text("---\nlicense: mit\n---\nA model.\n")
    (folder / "config.json").write_text(json.dumps(TINY_CONFIG))
    (folder / "model.safetensors").write_bytes(tiny_safetensors({"w": ("F32", [10_000_000])}))
    return sorted(folder.iterdir())


def arrived(yard, name):
    """Bytes of unfinished uploads of this name that are on the disk."""
    rows = yard.rows("select id from catalog_uploadset where name = %s and state = 'open'", name)
    folders = [yard.state / "uploads" / row[0].hex for row in rows]
    return sum(path.stat().st_size for folder in folders for path in folder.glob("*.part"))


def choose(page, yard, files):
    page.goto(f"{yard.base}/import/upload/")
    page.get_by_label("Name", exact=True).fill("mine")
    page.get_by_label("Files", exact=True).set_input_files(files)
    page.get_by_role("button", name="Send").click()


@pytest.mark.skipif(not HAS_CHROMIUM, reason="Chromium is not installed here")
def test_a_browser_goes_on_after_a_reload_and_after_kill_9_of_web(yard, lena: Person, files):
    name = f"{lena.name}/mine"
    with running_browser() as browser:
        context = context_of(browser, yard, lena)
        page = context.new_page()
        faults = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: "Security" in said.text and faults.append(said.text))
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        network.send("Network.emulateNetworkConditions", SLOW)
        choose(page, yard, files)
        assert wait_until(lambda: arrived(yard, name) > 4 * MEGABYTE, seconds=PATIENCE)
        page.reload()
        expect(page.get_by_role("cell", name=re.compile("MB of 40"))).to_be_visible()
        before = arrived(yard, name)
        choose(page, yard, files)
        assert wait_until(lambda: arrived(yard, name) > before + 4 * MEGABYTE, seconds=PATIENCE)
        killed = kill(yard.running.main_of("web"))
        assert arrived(yard, name) > before
        back_again(yard, "web", killed)
        network.send("Network.emulateNetworkConditions", FAST)
        page.wait_for_url(re.compile("/jobs/"), timeout=4 * MINUTE)
        watch_to_the_end(page)
        assert faults == []
        context.close()
    (document,) = yard.rows(
        "select v.admission, m.is_private, count(f.id) from registry_modelversion v"
        " join registry_model m on m.id = v.model_id"
        " join registry_modelfile f on f.version_id = v.id"
        " where m.repo_id = %s group by v.id, m.id",
        name,
    )
    assert document == ("held", True, len(files))
    stored = yard.rows(
        "select f.path, f.sha256 from registry_modelfile f join registry_modelversion v"
        " on v.id = f.version_id join registry_model m on m.id = v.model_id where m.repo_id = %s",
        name,
    )
    assert dict(stored) == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def web_memory(yard):
    """What the largest of the web processes holds."""
    processes = (process for process in marked(str(yard.state)))
    web = [one for one in processes if "config.web" in " ".join(one.cmdline())]
    assert web
    return max(one.memory_info().rss for one in web if one.status() != psutil.STATUS_ZOMBIE)


def test_a_large_piece_is_a_stream_and_not_in_memory(yard, lena: Person):
    size, block = 700 * MEGABYTE, bytes(MEGABYTE)
    heard = []

    def body():
        for n in range(size // MEGABYTE):
            if n % 100 == 99:
                heard.append(web_memory(yard))
            yield block

    with yard.api(lena) as client:
        begun = client.post("/api/v1/uploads", json={"name": "stream"}).json()
        told = {"Tus-Resumable": "1.0.0", "Upload-Length": str(size)}
        told["Upload-Metadata"] = "filename dy5iaW4="  # w.bin
        place = client.post(begun["files_url"], headers=told).headers["Location"]
        before = web_memory(yard)
        sent = {**PIECE, "Upload-Offset": "0", "Content-Length": str(size)}
        answer = client.patch(place, content=body(), headers=sent)
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(size))
        assert max(heard) - before < 150 * MEGABYTE
        assert client.delete(f"/api/v1/uploads/{begun['id']}").status_code == 204


def test_a_refused_piece_is_told_even_when_it_is_large(yard, lena: Person):
    with yard.api(lena) as client:
        begun = client.post("/api/v1/uploads", json={"name": "refused"}).json()
        told = {"Tus-Resumable": "1.0.0", "Upload-Length": str(64 * MEGABYTE)}
        told["Upload-Metadata"] = "filename dy5iaW4="
        place = client.post(begun["files_url"], headers=told).headers["Location"]
        sent = {**PIECE, "Upload-Offset": "5"}
        answer = client.patch(place, content=bytes(64 * MEGABYTE), headers=sent)
        assert (answer.status_code, answer.json()["offset"]) == (409, 0)
