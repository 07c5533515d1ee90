from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from core import charts

DRAWINGS = [
    charts.sparkline([], "Pulls"),
    charts.sparkline([3, 3, 3], "Pulls"),
    charts.sparkline([3, 9, 4], "Pulls"),
    charts.coverage_bar(0, 0, 0, "ClamAV"),
    charts.coverage_bar(5, 3, 1, "ClamAV"),
    charts.severity_bar({}, "ClamAV"),
    charts.severity_bar({"critical": 1, "low": 3}, "ClamAV"),
    charts.fit_bar([("Weights", 15, "fill"), ("Cache", 1, "soft")], 20, "24 GB GPU", "Memory"),
    charts.fit_bar([("Weights", 15, "fill")], None, "", "Memory"),
    charts.fit_bar([], None, "", "Memory"),
    charts.share_bar(0.5, "T4"),
    charts.share_bar(7, "T4"),
    charts.columns([], "Bytes", write=str),
    charts.columns([("1 May", 0), ("2 May", 7)], "Bytes", write=str),
]


def parsed(drawing: str) -> ET.Element:
    return ET.fromstring(drawing)  # noqa: S314 our own drawing


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_a_chart_is_valid_markup_with_its_meaning_in_words_and_no_inline_style(drawing):
    svg = parsed(drawing)
    assert svg.get("role") == "img"
    assert ": " in svg.get("aria-label", "")
    assert "style" not in drawing


def test_a_label_cannot_break_out_of_its_attribute():
    drawing = charts.coverage_bar(1, 0, 0, '"><script>alert(1)</script>')
    assert "<script" not in drawing
    assert parsed(drawing).get("aria-label", "").startswith('"><script>')


def test_what_could_not_be_read_is_drawn_even_when_it_is_one_file_of_thousands():
    svg = parsed(charts.coverage_bar(9_999, 0, 1, "ClamAV"))
    bad = [part for part in svg if part.get("class") == "bad"]
    assert [float(part.get("width", "0")) for part in bad] == [5.0]
    assert "1 could not be read" in svg.get("aria-label", "")


def test_worse_findings_stand_taller():
    svg = parsed(charts.severity_bar({"critical": 1, "medium": 1, "low": 2}, "All"))
    heights = [float(part.get("height", "0")) for part in svg]
    assert heights == sorted(heights, reverse=True)
    assert svg.get("aria-label") == "All: 1 critical, 1 medium, 2 low"


def test_what_is_needed_is_stacked_up_to_the_limit_that_holds_it():
    parts = [("Weights", 15, "fill"), ("Cache", 3, "soft")]
    svg = parsed(charts.fit_bar(parts, 20, "24 GB GPU", "Memory"))
    places = {part.get("class"): part for part in svg}
    assert places["soft gap"].get("x") == places["fill gap"].get("width")
    assert places["limit"].get("x1") == places["rest"].get("width")
    assert svg.get("aria-label") == "Memory: Weights 83 %, Cache 17 %; within 24 GB GPU"
    assert "".join(svg.itertext()) == "24 GB GPU"


def test_a_share_above_the_whole_ends_with_it():
    svg = parsed(charts.share_bar(7, "T4", width=50))
    assert [part.get("width") for part in svg] == ["50", "50"]
    assert "700 %" in svg.get("aria-label", "")


def test_columns_stand_on_a_scale_whose_top_and_half_are_round():
    svg = parsed(charts.columns([("1 May", 5), ("2 May", 35), ("3 May", 0)], "Bytes", write=str))
    lines = [float(part.get("y1", "0")) for part in svg if part.get("class") in ("grid", "axis")]
    top, half, ground = lines
    assert ["".join(part.itertext()) for part in svg if part.tag == "text"] == [
        "40", "20", "1 May", "3 May"
    ]  # fmt: skip
    assert half == (top + ground) / 2
    heights = [float(part.get("height", "0")) for part in svg if part.tag == "rect"]
    assert heights[1] == pytest.approx((ground - top) * 35 / 40, abs=0.1)
    assert heights[2] == 0
    assert svg.get("aria-label") == "Bytes: 1 May to 3 May, the most 35 at 2 May"


@pytest.mark.parametrize(("count", "top"), [(0, 2), (3, 4), (5, 10), (41, 100), (10**12, 10**12)])
def test_the_top_of_a_scale_holds_what_is_drawn(count, top):
    assert charts._round_top(count) == top


def test_a_name_in_columns_cannot_break_out():
    drawing = charts.columns([('"><script>', 1)], '"><b>', write=str)
    assert "<script" not in drawing
    assert "<b>" not in drawing
