"""Numbers of a worker's processes for Prometheus: the SDK's own, and beside them those of slots and watcher."""

import asyncio
from collections import Counter

from temporalio.common import MetricMeter
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

from activities.slots import Slots
from weaver.errors import BadValue, Unusable

EVERY_SECONDS = 2.0
_LATENESS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


def expose_numbers(address: str | None, *, after: int = 0) -> MetricMeter:
    """Give this process's numbers at http://host:port/metrics from now on; return what further ones are counted with.

    To be called before the process connects to Temporal. `after` is added to the port, for processes that share an address; without
    an address nothing is counted. Raises BadValue for an address that is none, Unusable when it cannot be listened on.
    """
    if not address:
        return MetricMeter.noop
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) + after < 65_536:
        raise BadValue("WEAVER_WORKER_METRICS", address, "address:port, such as 127.0.0.1:9464")
    place = f"{'127.0.0.1' if host == 'localhost' else host}:{int(port) + after}"
    config = PrometheusConfig(
        bind_address=place,
        counters_total_suffix=True,
        unit_suffix=True,
        durations_as_seconds=True,
        histogram_bucket_overrides={"weaver_tick_lateness": _LATENESS, "weaver_decision_lateness": _LATENESS},
    )
    try:
        runtime = Runtime(telemetry=TelemetryConfig(metrics=config))
    except ValueError as problem:
        raise Unusable(f"The worker's numbers cannot be given at {place} (WEAVER_WORKER_METRICS): {problem}.") from problem
    Runtime.set_default(runtime)
    return runtime.metric_meter


async def count_slots(slots: Slots, meter: MetricMeter) -> None:
    """Tell how many processes of each kind live, and how many were started in place of one that died, until cancelled."""
    alive = meter.create_gauge("weaver_worker_processes", "Processes of the worker that run, by kind.")
    restarts = meter.create_counter("weaver_worker_process_restarts", "Processes started in place of one that died, by kind.")
    told: Counter[str] = Counter()
    while True:
        for kind, state in slots.states().items():
            alive.set(state.alive, {"kind": kind})
            restarts.add(state.restarts - told[kind], {"kind": kind})
            told[kind] = state.restarts
        await asyncio.sleep(EVERY_SECONDS)
