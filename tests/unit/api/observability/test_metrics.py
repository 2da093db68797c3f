"""What the server counts, as Prometheus reads it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from threading import Thread

import pytest
from prometheus_client.parser import text_string_to_metric_families

import groupsolver
from groupsolver.api.observability.metrics import CONTENT_TYPE, Metrics
from groupsolver.api.services.solve_pool import SolvePool

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def series(metrics: Metrics) -> Series:
    text = metrics.render()[0].decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return series(metrics)["groupsolver_" + name, tuple(sorted(labels.items()))]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def test_the_answer_is_prometheus_text(metrics: Metrics) -> None:
    body, content_type = metrics.render()
    assert content_type == CONTENT_TYPE == "text/plain; version=0.0.4; charset=utf-8"
    assert body.endswith(b"\n")


def test_requests_are_counted_by_method_route_and_status(metrics: Metrics) -> None:
    route = "/v1.0/{tenant_id}/groups"
    for status in (200, 200, 404):
        metrics.request_done("GET", route, status, 0.02)
    assert value(metrics, "http_requests_total", method="GET", route=route, status="200") == 2
    assert value(metrics, "http_requests_total", method="GET", route=route, status="404") == 1
    assert value(metrics, "http_request_seconds_count", route=route) == 3
    assert value(metrics, "http_request_seconds_sum", route=route) == pytest.approx(0.06)
    assert value(metrics, "http_request_seconds_bucket", route=route, le="0.01") == 0
    assert value(metrics, "http_request_seconds_bucket", route=route, le="0.025") == 3


def test_update_is_a_method_and_what_a_client_makes_up_is_not(metrics: Metrics) -> None:
    metrics.request_done("UPDATE", "/x", 200, 0.1)
    for i in range(50):
        metrics.request_done(f"MADE{i}UP", None, 404, 0.1)
    assert value(metrics, "http_requests_total", method="UPDATE", route="/x", status="200") == 1
    assert value(metrics, "http_requests_total", method="other", route="none", status="404") == 50


def test_solves_are_counted_by_objective_and_outcome(metrics: Metrics) -> None:
    metrics.solve_done("pack", "optimal", 0.3)
    metrics.solve_done("pack", "infeasible", 0.01)
    assert value(metrics, "solve_seconds_count", objective="pack", outcome="optimal") == 1
    assert value(
        metrics, "solve_seconds_sum", objective="pack", outcome="infeasible"
    ) == pytest.approx(0.01)


def test_every_outcome_of_a_placement_is_there_from_the_start(metrics: Metrics) -> None:
    assert value(metrics, "placements_total", outcome="busy") == 0
    metrics.placement_done("placed")
    assert value(metrics, "placements_total", outcome="placed") == 1


def test_retries_are_counted(metrics: Metrics) -> None:
    metrics.claim_retried()
    assert value(metrics, "claim_retries_total") == 1


def test_the_pool_is_read_when_somebody_asks(metrics: Metrics) -> None:
    pool = SolvePool(2, 3)
    metrics.watch(pool)
    assert value(metrics, "solve_pool_slots") == 2
    assert value(metrics, "solve_pool_places") == 3
    with pool.slot(1), pool.slot(1):
        assert value(metrics, "solve_pool_running") == 2
        assert value(metrics, "solve_pool_waiting") == 0
    assert value(metrics, "solve_pool_running") == 0


def test_the_version_is_told(metrics: Metrics) -> None:
    assert value(metrics, "build_info", version=groupsolver.__version__) == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="read from /proc")
def test_memory_and_cpu_of_the_process_are_told(metrics: Metrics) -> None:
    found = series(metrics)
    assert found["process_resident_memory_bytes", ()] > 10**6
    assert found["process_cpu_seconds_total", ()] > 0


def test_two_apps_count_apart(metrics: Metrics) -> None:
    other = Metrics()
    metrics.claim_retried()
    assert value(other, "claim_retries_total") == 0


def used(metrics: Metrics) -> Iterator[str]:
    metrics.watch(SolvePool(1, 1))
    metrics.request_done("GET", "/v1.0/{tenant_id}/groups", 200, 0.1)
    metrics.solve_done("pack", "optimal", 0.1)
    yield from metrics.render()[0].decode().splitlines()


def test_no_series_tells_when_it_was_made(metrics: Metrics) -> None:
    assert [line for line in used(metrics) if "_created" in line] == []


def test_no_label_is_a_tenants(metrics: Metrics) -> None:
    lines = list(used(metrics))
    assert [
        line for line in lines if "tenant" in line.replace("/v1.0/{tenant_id}/groups", "")
    ] == []
    assert {label for _, labels in series(metrics) for label, _ in labels} == {
        "le",
        "method",
        "objective",
        "outcome",
        "route",
        "status",
        "version",
    }


def test_nothing_is_lost_when_many_threads_count(metrics: Metrics) -> None:
    def count() -> None:
        for _ in range(500):
            metrics.request_done("GET", "/x", 200, 0.001)
            metrics.placement_done("placed")

    threads = [Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert value(metrics, "http_requests_total", method="GET", route="/x", status="200") == 4000
    assert value(metrics, "http_request_seconds_count", route="/x") == 4000
    assert value(metrics, "placements_total", outcome="placed") == 4000
