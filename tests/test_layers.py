"""Imports go one way: the contracts of `pyproject.toml` hold."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_every_import_contract_is_kept() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 broken." in done.stdout


def test_importing_the_words_of_the_market_loads_no_driver_and_no_engine() -> None:
    heavy = ("temporalio", "sqlalchemy", "pyarrow", "pandas", "fastapi", "typer", "plotly", "exchange_calendars")
    code = f"import sys, weaver.market, weaver.orders, weaver.marvin; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
