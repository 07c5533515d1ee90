from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core import wording

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def plain(text: str) -> str:
    return text.replace(wording.NBSP, " ").replace(wording.THIN, " ")


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (1_949, "1.95 kB"),
        (90_868_376, "90.9 MB"),
        (999_600_000, "1 GB"),
        (16_100_000_000, "16.1 GB"),
        (688_000_000_000, "688 GB"),
        (8_400_000_000_000, "8.4 TB"),
    ],
)
def test_sizes_are_decimal_with_three_figures(count, words):
    assert plain(wording.file_size(count)) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 KiB"),
        (131_072, "128 KiB"),
        (512 << 20, "512 MiB"),
        ((1 << 30) - 1, "1 GiB"),
        (17_910_000_000, "16.7 GiB"),
        (1_400_000_000_000, "1.27 TiB"),
    ],
)
def test_memory_is_binary(count, words):
    assert plain(wording.memory_size(count)) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (22_713_216, "22.7 M"),
        (8_030_261_248, "8.03 B"),
        (512, "512"),
        (1_040_000_000_000, "1.04 T"),
    ],
)
def test_parameters_are_counted_in_millions_and_billions(count, words):
    assert plain(wording.parameters(count)) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "now"),
        (59, "now"),
        (60, "1 min"),
        (3599, "59 min"),
        (7200, "2 h"),
        (90_000, "1 d"),
        (5_200_000, "2 mo"),
    ],
)
def test_an_age_has_one_unit_and_the_future_is_now(seconds, words):
    assert plain(wording.age(NOW - timedelta(seconds=seconds), NOW)) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0.0 s"),
        (0.62, "0.6 s"),
        (41.4, "41 s"),
        (60, "1 min"),
        (252, "4 min 12 s"),
        (4800, "1 h 20 min"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds, words):
    assert plain(wording.took(timedelta(seconds=seconds))) == words


def test_progress_writes_a_shared_unit_once():
    assert plain(wording.amount(40_100_000_000, 65_500_000_000, "bytes")) == "40.1 of 65.5 GB"
    assert plain(wording.amount(900_000, 65_500_000_000, "bytes")) == "900 kB of 65.5 GB"
    assert plain(wording.amount(5, 17, "files")) == "5 of 17 files"
    assert plain(wording.amount(1_234, None, "files")) == "1 234 files"


def test_time_left_is_not_guessed_from_nothing():
    assert wording.time_left(0, 100, timedelta(seconds=30)) is None
    assert wording.time_left(1, 100, timedelta(seconds=1)) is None
    assert wording.time_left(100, 100, timedelta(seconds=30)) is None
    assert wording.time_left(25, 100, timedelta(seconds=10)) == timedelta(seconds=30)


def test_what_is_all_done_is_written_once():
    assert plain(wording.amount(6, 6, "files")) == "6 files"
    assert plain(wording.amount(289, 289, "bytes")) == "289 B"
    assert plain(wording.amount(0, None, "bytes")) == "0 B"


def test_no_time_is_promised_from_the_first_crumbs():
    assert wording.time_left(265, 1_090_000, timedelta(seconds=8)) is None
    assert wording.time_left(30_000, 1_090_000, timedelta(seconds=8)) is not None


@pytest.mark.parametrize(
    ("names", "words"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_names_are_listed_as_people_list_them(names, words):
    assert wording.listed(names) == words
