"""Prometheus metrics of one web process; numbers of runs and versions come from the database."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

registry = CollectorRegistry()
ProcessCollector(registry=registry)
_requests = Counter(
    "modelyard_requests_total",
    "Requests answered",
    ["method", "route", "status"],
    registry=registry,
)
_seconds = Histogram(
    "modelyard_request_seconds",
    "Time to answer",
    ["route"],
    registry=registry,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    _requests.labels(method, route, str(status)).inc()
    _seconds.labels(route).observe(seconds)


def gauge(name: str, text: str, labels: list[str]) -> Gauge:
    """Make a gauge in the yard's own registry; its owner sets it before each scrape."""
    return Gauge(f"modelyard_{name}", text, labels, registry=registry)


def exposition() -> bytes:
    """Give all metrics in the Prometheus text format."""
    return generate_latest(registry)
