"""How long from the command to the result when nothing runs, and to the help text?"""

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep

from bench.homes import weaver
from bench.interleaved import interleave
from bench.verdict import Verdict
from cli.homes import Home
from weaver.demo import demo_files
from weaver.walle.bars import Catalogue

BACKTEST_SECONDS = 5.0
HELP_SECONDS = 0.5
REPEATS = 5


def run() -> list[Verdict]:
    """Time both, each backtest in a fresh home that holds only the imported demo prices.

    The first round warms the disk cache. A stack ends by itself after its last command; that is waited for, not timed.
    """
    with TemporaryDirectory(prefix="weaver-bench-") as folder:
        imported = Path(folder) / "imported"
        _import_demo(imported)
        homes = [Path(folder) / f"home-{number}" for number in range(REPEATS + 1)]
        unused = iter(homes)
        for home in homes:
            shutil.copytree(imported, home)

        def backtest() -> None:
            home = next(unused)
            said = weaver(home, "backtest", "sma-cross", "--symbol", "AAPL", "--param", "quantity=100", "--json")
            if json.loads(said)["status"] != "completed":
                raise RuntimeError(said)

        def show_help() -> None:
            weaver(imported, "--help")

        def wait_for_the_end() -> None:
            while any(Home(home).is_owned() for home in homes):
                sleep(0.05)

        contenders = {"weaver backtest": backtest, "weaver --help": show_help}
        interleave(contenders, 1, wait_for_the_end)
        times = interleave(contenders, REPEATS, wait_for_the_end)
    for name, taken in times.items():
        print(f"{name:16} {taken}, worst {max(taken.seconds):.2f} s")
    return [
        _within("weaver backtest, nothing running", times["weaver backtest"].middle, BACKTEST_SECONDS),
        _within("weaver --help", times["weaver --help"].middle, HELP_SECONDS),
    ]


def _import_demo(home: Path) -> None:
    catalogue = Catalogue.open(str(home / "bars"))
    for symbol, path in demo_files().items():
        catalogue.import_file(path, symbol, "1d", adjust=True)


def _within(question: str, seconds: float, limit: float) -> Verdict:
    return Verdict(question, f"{seconds:.2f} s median", f"≤ {limit:g} s", seconds <= limit)
