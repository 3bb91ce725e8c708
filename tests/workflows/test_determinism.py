"""What runs inside workflows reads no clock, makes no random numbers, touches nothing outside, and shares no state.

Temporal's sandbox does not look into these modules where they run (processes/sandbox.py), so they are read for it here; the
recorded histories are replayed in the stock sandbox besides.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEFINITIONS = ("account", "archive", "backtest", "log_context", "notifier", "order", "trading")
OUTSIDE = {
    "time",
    "random",
    "secrets",
    "uuid",
    "os",
    "io",
    "pathlib",
    "shutil",
    "socket",
    "subprocess",
    "threading",
    "multiprocessing",
    "concurrent",
    "http",
    "urllib",
    "requests",
    "httpx",
    "sqlalchemy",
}
CALLS = {"now", "utcnow", "today", "urandom", "getenv", "to_thread", "run_in_executor", "get_event_loop", "as_completed"}
"""Names of functions whose result differs from one run of the same code to the next; `workflow.now()` is Temporal's own."""
BUILTINS = {"open", "print", "input", "hash", "id"}


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _inside() -> dict[str, ast.Module]:
    """Return the modules of this package that the workflows' definitions load, however far away."""
    found: dict[str, ast.Module] = {}
    waiting = [f"workflows.{name}" for name in DEFINITIONS]
    while waiting:
        name = waiting.pop()
        path = ROOT / f"{name.replace('.', '/')}.py"
        if name not in found and name.startswith("workflows.") and path.exists():
            found[name] = ast.parse(path.read_text())
            waiting += _imported(found[name])
    return found


def _problems(tree: ast.Module) -> list[str]:
    found = [f"imports {name}" for name in _imported(tree) if name.split(".")[0] in OUTSIDE]
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            found.append(f"line {node.lineno}: global")
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Attribute(value=ast.Name(id="workflow")):
                    pass
                case ast.Attribute(attr=name) if name in CALLS:
                    found.append(f"line {node.lineno}: {name}()")
                case ast.Name(id=name) if name in BUILTINS:
                    found.append(f"line {node.lineno}: {name}()")
                case _:
                    pass
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp):
            found += [
                f"line {node.lineno}: {target.id}" for target in node.targets if isinstance(target, ast.Name) and not target.id.isupper()
            ]
    return found


INSIDE = _inside()


@pytest.mark.parametrize("name", sorted(INSIDE))
def test_a_module_that_workflows_load_is_deterministic(name: str) -> None:
    assert _problems(INSIDE[name]) == []


def test_all_that_workflows_share_is_read() -> None:
    assert {"workflows.control", "workflows.run_orders", "workflows.order_watch", "workflows.exits", "workflows.story"} <= set(INSIDE)


@pytest.mark.parametrize(
    "line",
    [
        "import random",
        "from os import environ",
        "x = datetime.now()",
        "async def f():\n    await asyncio.to_thread(g)",
        "seen = []",
        "def f():\n    global n",
        "print('x')",
    ],
)
def test_what_is_not_deterministic_is_noticed(line: str) -> None:
    assert _problems(ast.parse(line)) != []


def test_temporals_own_clock_may_be_read() -> None:
    assert _problems(ast.parse("x = workflow.now()")) == []
