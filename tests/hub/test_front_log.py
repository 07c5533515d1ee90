"""The log of the front: each line is noted, whatever the front does with the file meanwhile."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from hub import front_log
from registry.served import ServedId

AT = datetime(2026, 11, 22, tzinfo=UTC)


def line(number, *, size=10, status=200, **more):
    told = {"ts": number, "size": size, "status": status, "served": str(ServedId(AT, number))}
    return json.dumps({**told, **more}) + "\n"


@pytest.fixture
def log(tmp_path):
    return tmp_path / "sent.log"


@pytest.fixture
def read(log):
    """Read on, and give the numbers and bytes that were new."""

    def on():
        noted = []
        count = front_log.read_on(log, noted.extend)
        assert count == len(noted)
        return [(served.id, size) for served, size in noted]

    return on


def add(log, text):
    with log.open("a") as file:
        file.write(text)


def test_every_line_is_noted_once(log, read):
    assert read() == []
    add(log, line(1) + line(2, size=7, status=206))
    assert read() == [(1, 10), (2, 7)]
    assert read() == []
    add(log, line(3))
    assert read() == [(3, 10)]


def test_half_a_line_waits_for_its_end(log, read):
    whole = line(1)
    add(log, whole[:20])
    assert read() == []
    add(log, whole[20:] + line(2)[:9])
    assert read() == [(1, 10)]
    add(log, line(2)[9:])
    assert read() == [(2, 10)]


def test_files_that_the_front_put_away_are_read_to_their_end(log, read):
    add(log, line(1))
    assert read() == [(1, 10)]
    add(log, line(2))
    log.rename(log.with_name("sent-2026-11-22T10-00-00.000.log"))
    add(log, line(3))
    log.rename(log.with_name("sent-2026-11-22T10-00-01.000.log"))
    add(log, line(4) + line(5))
    assert read() == [(2, 10), (3, 10), (4, 10), (5, 10)]
    assert read() == []


def test_where_it_ended_is_forgotten_with_the_file(log, read):
    add(log, line(1))
    read()
    log.unlink()
    assert read() == []
    assert json.loads(log.with_suffix(".read").read_text()) == {}
    add(log, line(2))
    assert read() == [(2, 10)]


@pytest.mark.parametrize("kept", ["", "{", '{"a": "b"}'])
def test_where_the_end_was_lost_it_is_read_again(log, read, kept):
    add(log, line(1))
    read()
    log.with_suffix(".read").write_text(kept)
    assert read() == [(1, 10)]


def test_a_fault_on_the_way_leaves_the_lines_for_the_next_time(log, read):
    add(log, line(1))
    with pytest.raises(ZeroDivisionError):
        front_log.read_on(log, lambda rows: 1 / 0)
    assert read() == [(1, 10)]


def test_an_answer_without_a_content_sent_nothing_of_it(log, read):
    """Its bytes are those of an error."""
    add(log, line(1, status=404, size=80) + line(2, status=503))
    assert read() == [(1, 0), (2, 0)]


@pytest.mark.parametrize(
    "text",
    [
        "not json\n",
        "[1]\n",
        "{}\n",
        line(1, served=""),
        line(1, served="1.x"),
        line(1, served=None),
        line(1, size="10"),
        line(1, size=None),
        "\n",
    ],
)
def test_a_line_of_something_else_is_passed_over(log, read, text):
    add(log, text + line(2))
    assert read() == [(2, 10)]
