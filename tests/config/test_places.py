"""Places, ports and logs of a yard."""

from __future__ import annotations

import io
import json
import os
import socket
from pathlib import Path

import pytest

from config.settings.env import Environment
from config.yard.given import GivenSettings
from config.yard.lock import only_yard
from config.yard.logs import Console, Follower
from config.yard.places import Places, YardError
from config.yard.ports import check_free, kept_port


@pytest.fixture
def awkward(tmp_path):
    places = Places(tmp_path / "a yard")
    yield places
    places.clear_sockets()


def test_sockets_are_near_where_the_path_allows_it():
    assert Places(Path("/srv/yard")).sockets == Path("/srv/yard/run/s")


def test_sockets_of_long_or_blank_paths_are_in_a_private_short_folder(awkward, tmp_path):
    for places in (awkward, Places(tmp_path / ("long" * 30))):
        assert len(str(places.socket("supervisor"))) < 100
        assert " " not in str(places.sockets)
    awkward.make()
    assert awkward.sockets.stat().st_mode & 0o777 == 0o700


def test_two_yards_do_not_share_their_sockets(tmp_path):
    assert Places(tmp_path / "a b").sockets != Places(tmp_path / "a c").sockets


def test_a_folder_for_sockets_that_points_elsewhere_is_refused(awkward, tmp_path):
    (tmp_path / "theirs").mkdir()
    awkward.sockets.symlink_to(tmp_path / "theirs")
    try:
        with pytest.raises(YardError, match="made by somebody else"):
            awkward.make()
    finally:
        awkward.sockets.unlink()


def test_a_state_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(YardError, match="Cannot make"):
        Places(tmp_path / "file" / "state").make()


def test_the_holder_of_a_taken_port_is_named():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        with pytest.raises(YardError) as caught:
            check_free(["127.0.0.1"], port)
    assert f"(pid {os.getpid()})" in str(caught.value)
    assert f"APP_PORT={port + 1} make up" in str(caught.value)
    check_free(["127.0.0.1"], port)


def test_an_inner_port_is_kept_while_it_is_free(tmp_path):
    file = tmp_path / "ports.json"
    first = kept_port(file, "valkey")
    assert kept_port(file, "valkey") == first
    with socket.socket() as held:
        held.bind(("127.0.0.1", first))
        held.listen()
        other = kept_port(file, "valkey")
    assert other != first
    assert json.loads(file.read_text()) == {"valkey": other}


def test_a_state_folder_has_one_yard_at_a_time(tmp_path):
    places = Places(tmp_path)
    places.make()
    with only_yard(places, port=9083):
        second = only_yard(places, port=9084)
        with pytest.raises(YardError, match=f"already runs: pid {os.getpid()}"):
            second.__enter__()
    with only_yard(places, port=9083):
        pass


def test_log_lines_are_whole_and_survive_rotation(tmp_path):
    path = tmp_path / "web.log"
    path.write_text("of an earlier run\n")
    follower = Follower.at_end(path)
    with path.open("a") as log:
        log.write("one\ntw")
        log.flush()
        assert follower.lines() == ["one"]
        log.write("o\n")
        log.flush()
        assert follower.lines() == ["two"]
    path.rename(tmp_path / "web.log.1")
    assert follower.lines() == []
    path.write_text("three\n")
    assert follower.lines() == ["three"]


def test_a_rotated_log_that_grew_as_long_is_read_from_its_start(tmp_path):
    path = tmp_path / "web.log"
    path.write_text("0123456789\n")
    follower = Follower.at_end(path)
    path.rename(tmp_path / "web.log.1")
    path.write_text("abcdefghijklmnop\n")
    assert follower.lines() == ["abcdefghijklmnop"]


def test_every_line_of_a_message_is_prefixed_and_a_lost_terminal_is_survived():
    stream = io.StringIO()
    console = Console(stream)
    console.say("one\ntwo", name="web")
    assert [line.split("|")[0].strip() for line in stream.getvalue().splitlines()] == ["web"] * 2
    stream.close()
    console = Console(io.StringIO())
    console.stream.close()
    console.say("nobody reads this")
    assert console.gone


def test_addresses_an_earlier_start_left_are_no_given_settings(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    left = {"DATABASE_URL": "postgresql:///left", "REDIS_URL": "redis://left"}
    (tmp_path / "run" / "services.json").write_text(json.dumps(left))
    monkeypatch.setenv("STATE_DIR", str(tmp_path))
    for name in left:
        monkeypatch.delenv(name)
    assert Environment().DATABASE_URL == "postgresql:///left"
    assert GivenSettings().DATABASE_URL == ""
    monkeypatch.setenv("DATABASE_URL", "postgresql:///given")
    assert Environment().DATABASE_URL == "postgresql:///given"
    assert GivenSettings().DATABASE_URL == "postgresql:///given"
