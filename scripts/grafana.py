"""Write the Grafana dashboard: `python -m scripts.grafana`. Panels are listed here, so that a change is a line and not a page of JSON."""

import json
from pathlib import Path
from typing import Any

FILE = Path("deploy/grafana/weaver.json")
SOURCE = {"type": "prometheus", "uid": "${source}"}
_WIDTH, _HEIGHT, _ACROSS = 8, 7, 3

Panel = tuple[str, str, str, list[tuple[str, str]]]
"""Title, unit, kind, and queries with their legends."""


def _quantile(name: str, share: float) -> str:
    return f"histogram_quantile({share}, sum by (le) (rate({name}_bucket[$__rate_interval])))"


ROWS: list[tuple[str, list[Panel]]] = [
    (
        "Money",
        [
            ("Runs without a tick", "s", "table", [("max by (run, mode) (weaver_stuck_run_seconds)", "{{run}}")]),
            ("Orders in doubt", "s", "table", [("max by (order, account) (weaver_order_in_doubt_seconds)", "{{order}}")]),
            ("Differences to venues", "short", "timeseries", [("max by (account) (weaver_account_drift)", "{{account}}")]),
            ("Connected to venues", "short", "timeseries", [("max by (account) (weaver_account_connected)", "{{account}}")]),
            ("Kill switches", "short", "timeseries", [("max by (account) (weaver_account_killed)", "{{account}}")]),
            ("Venue last asked", "s", "timeseries", [("max by (account) (weaver_account_checked_age_seconds)", "{{account}}")]),
            ("Runs by status", "short", "timeseries", [("max by (status) (weaver_runs)", "{{status}}")]),
            ("Orders by status", "short", "timeseries", [("max by (status) (weaver_orders)", "{{status}}")]),
            (
                "Tick after bar's end",
                "s",
                "timeseries",
                [(_quantile("weaver_tick_lateness_seconds", share), f"{share:.0%}") for share in (0.5, 0.95, 0.99)],
            ),
            (
                "Orders admitted after bar's end",
                "s",
                "timeseries",
                [(_quantile("weaver_decision_lateness_seconds", share), f"{share:.0%}") for share in (0.5, 0.95, 0.99)],
            ),
        ],
    ),
    (
        "Work",
        [
            ("Tasks that wait", "short", "timeseries", [("max by (queue, kind) (weaver_task_queue_backlog)", "{{queue}} {{kind}}")]),
            ("Oldest task", "s", "timeseries", [("max by (queue, kind) (weaver_task_queue_backlog_age_seconds)", "{{queue}} {{kind}}")]),
            ("Processes that ask for tasks", "short", "timeseries", [("max by (queue) (weaver_task_queue_pollers)", "{{queue}}")]),
            ("Processes of workers", "short", "timeseries", [("sum by (kind) (weaver_worker_processes)", "{{kind}}")]),
            (
                "Processes that died",
                "short",
                "timeseries",
                [("sum by (kind) (increase(weaver_worker_process_restarts_total[$__rate_interval]))", "{{kind}}")],
            ),
            (
                "Workflow tasks that failed",
                "short",
                "timeseries",
                [
                    (
                        "sum by (workflow_type) (increase(temporal_workflow_task_execution_failed_total[$__rate_interval]))",
                        "{{workflow_type}}",
                    )
                ],
            ),
            (
                "Activity waits for a worker",
                "s",
                "timeseries",
                [(_quantile("temporal_activity_schedule_to_start_latency_seconds", share), f"{share:.0%}") for share in (0.5, 0.95)],
            ),
            (
                "Workflow task waits for a worker",
                "s",
                "timeseries",
                [(_quantile("temporal_workflow_task_schedule_to_start_latency_seconds", share), f"{share:.0%}") for share in (0.5, 0.95)],
            ),
            ("Archive behind", "s", "timeseries", [("max(weaver_archive_lag_seconds)", "behind")]),
        ],
    ),
    (
        "API and notifications",
        [
            ("Parts that answer", "short", "timeseries", [("min by (part) (weaver_reachable)", "{{part}}")]),
            (
                "Requests",
                "reqps",
                "timeseries",
                [("sum by (status) (rate(weaver_http_request_duration_seconds_count[$__rate_interval]))", "{{status}}")],
            ),
            (
                "Request",
                "s",
                "timeseries",
                [(_quantile("weaver_http_request_duration_seconds", share), f"{share:.0%}") for share in (0.5, 0.95, 0.99)],
            ),
            (
                "Listeners of event streams",
                "short",
                "timeseries",
                [("sum(weaver_sse_clients)", "clients"), ("sum(weaver_sse_tails)", "histories")],
            ),
            (
                "Event to listener",
                "s",
                "timeseries",
                [(_quantile("weaver_sse_lag_seconds", share), f"{share:.0%}") for share in (0.5, 0.95)],
            ),
            ("Notifications that wait", "short", "timeseries", [("max by (channel) (weaver_notifications_waiting)", "{{channel}}")]),
            ("Oldest notification", "s", "timeseries", [("max by (channel) (weaver_notifications_oldest_seconds)", "{{channel}}")]),
            ("Given up", "short", "timeseries", [("max by (channel) (weaver_notifications_failed)", "{{channel}}")]),
            ("Histories followed until", "s", "timeseries", [("max(weaver_notifications_lag_seconds)", "behind")]),
        ],
    ),
]  # fmt: skip


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana takes it."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in ROWS:
        panels.append(
            {"id": len(panels) + 1, "type": "row", "title": title, "collapsed": False, "gridPos": _place(0, top, 24, 1), "panels": []}
        )
        top += 1
        for number, panel in enumerate(row):
            across, down = number % _ACROSS, number // _ACROSS
            panels.append(_panel(len(panels) + 1, panel, _place(across * _WIDTH, top + down * _HEIGHT, _WIDTH, _HEIGHT)))
        top += -(-len(row) // _ACROSS) * _HEIGHT
    return {
        "uid": "weaver",
        "title": "Weaver",
        "tags": ["weaver"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "15s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": [{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]},
        "panels": panels,
    }


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    title, unit, kind, queries = panel
    is_table = kind == "table"
    targets = [
        {
            "refId": chr(ord("A") + at),
            "expr": query,
            "legendFormat": legend,
            "datasource": SOURCE,
            **({"instant": True, "format": "table"} if is_table else {}),
        }
        for at, (query, legend) in enumerate(queries)
    ]
    defaults = {"unit": unit, "min": 0}
    return {
        "id": number,
        "title": title,
        "type": kind,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "targets": targets,
    }


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}


def text() -> str:
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
