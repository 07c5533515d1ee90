"""The disks decide how fast files may come: the policy by a table, the reader on real forms."""

from __future__ import annotations

from pathlib import Path

import pytest

from downloads import pressure
from downloads.pressure import Gauge, Pressure, factor_for

PSI = "some avg10={} avg60=0.77 avg300=1.20 total=398635504\nfull avg10=0.00 avg60=0.19 total=1\n"
STAT = "cpu  100 0 50 {idle} {iowait} 0 0 0 0 0\ncpu0 1 2 3 4 5 6 7 8 9 0\nintr 5\n"


@pytest.mark.parametrize(
    ("percent", "factor"),
    [(None, 1), (0, 1), (60, 1), (70, 0.75), (80, 0.5), (96, 0.1), (100, 0.1)],
)
def test_beyond_the_limit_a_transfer_gets_ever_less_and_never_nothing(percent, factor):
    assert factor_for(percent, limit=60) == pytest.approx(factor)


def test_the_kernel_says_how_much_time_was_lost(tmp_path):
    psi = tmp_path / "io"
    psi.write_text(PSI.format("37.50"))
    assert Gauge(psi, tmp_path / "stat").read() == Pressure(37.5, "psi")


def test_without_psi_the_share_of_iowait_between_two_looks_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(pressure, "EVERY", 0)
    stat = tmp_path / "stat"
    gauge = Gauge(tmp_path / "absent", stat)
    stat.write_text(STAT.format(idle=1000, iowait=10))
    assert gauge.read() == Pressure(None, "")
    stat.write_text(STAT.format(idle=1060, iowait=50))
    assert gauge.read() == Pressure(40.0, "iowait")


def test_a_machine_that_tells_nothing_slows_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(pressure, "gauge", Gauge(tmp_path / "absent", tmp_path / "absent too"))
    assert pressure.slow_down() == 1.0


def test_pressure_above_the_setting_slows_transfers(tmp_path, monkeypatch, settings):
    (tmp_path / "io").write_text(PSI.format("75.0"))
    monkeypatch.setattr(pressure, "gauge", Gauge(tmp_path / "io"))
    settings.IO_PRESSURE_LIMIT = 50
    assert pressure.slow_down() == 0.5


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="a kernel without /proc")
def test_this_machine_can_be_read(monkeypatch):
    monkeypatch.setattr(pressure, "EVERY", 0)
    gauge = Gauge()
    found = [gauge.read() for _ in range(2)][-1]
    assert found.percent is None or 0 <= found.percent <= 100
