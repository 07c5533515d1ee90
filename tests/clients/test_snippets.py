"""The lines of the page "Use this model" are run to the letter, with a key in its place."""

from __future__ import annotations

import html
import os
import re
import subprocess
from pathlib import Path

import httpx2
import pytest

from tests.clients.environments import CLIENTS, python_of
from tests.standins.repos import MINILM

BLOCK = re.compile(r'<pre[^>]*aria-label="([^"]+)"[^>]*><code>(.*?)</code>', re.DOTALL)
PATIENCE = 600
# Clients before 1.0 verify nothing.
VERIFY = re.compile(r"^hf cache verify .*$", re.MULTILINE)


@pytest.fixture(scope="module")
def lines(world):
    """The lines by the name of their tab, as a person with a session sees them."""
    yard, cora = world.yard, world.cora
    with httpx2.Client(base_url=yard.base, timeout=PATIENCE) as browser:
        page = browser.get("/sign-in/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        given = {"username": cora.name, "password": cora.password, "csrfmiddlewaretoken": token}
        assert browser.post("/sign-in/", data=given).status_code == 302
        page = browser.get(f"/models/{yard.slugs[MINILM]}/").raise_for_status().text
    return {name: html.unescape(text) for name, text in BLOCK.findall(page)}


@pytest.fixture(params=CLIENTS)
def run(request, world, tmp_path):
    """Run lines with a program of this client, in an empty home."""
    folder = Path(python_of(request.param)).parent

    def execute(text, *program, **environ):
        text = text.replace("hf_…", world.cora.key)
        if request.param == "036":
            text = VERIFY.sub("", text)
        path = f"{folder}:{os.environ['PATH']}"
        done = subprocess.run(
            [*program, text],
            cwd=tmp_path,
            env={"PATH": path, "HOME": str(tmp_path), **environ},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return execute


def fetched(folder):
    (snapshot,) = folder.glob(".cache/huggingface/hub/models--*/snapshots/*")
    return {p.relative_to(snapshot).as_posix() for p in snapshot.rglob("*") if p.is_file()}


def test_the_lines_of_a_shell_fetch_the_model(world, lines, run, tmp_path):
    run(lines["hf"], "bash", "-ec")
    assert fetched(tmp_path) == set(world.files(MINILM))


def test_the_lines_of_python_fetch_the_model(world, lines, run, tmp_path):
    endpoint = f"{world.yard.base}/hf"
    assert endpoint in lines["Python"]
    run(lines["Python"], "python", "-c", HF_ENDPOINT=endpoint, HF_TOKEN=world.cora.key)
    assert fetched(tmp_path) == set(world.files(MINILM))


def test_the_lines_of_curl_fetch_a_file(world, lines, run, tmp_path):
    run(lines["curl"], "bash", "-ec")
    (file,) = (path for path in tmp_path.iterdir() if path.is_file())
    assert file.read_bytes() == world.files(MINILM)[file.name]
