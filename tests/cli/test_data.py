from pathlib import Path

import pytest

from tests.cli.conftest import Shell

HEADER = "timestamp,open,high,low,close,volume\n"
TWO_DAYS = HEADER + "2024-01-02,10,11,9,10.5,100\n2024-01-03,10.5,12,10,11,100\n"


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    file = tmp_path / "prices.csv"
    file.write_text(TWO_DAYS)
    return file


def test_bars_are_imported_listed_shown_and_exported(shell: Shell, prices: Path, tmp_path: Path) -> None:
    done = shell.weaver("data", "import", str(prices), "--symbol", "X", "--timeframe", "1d", "--json")
    assert done.code == 0, done.stderr
    assert (done.document["added"], done.document["calendar"], done.document["first"]) == (2, "XNYS", "2024-01-02T00:00:00Z")
    assert "taken as UTC" in done.stderr

    (series,) = shell.weaver("data", "list", "--json").document
    assert (series["symbol"], series["timeframe"], series["bars"], series["gaps"]["count"]) == ("X", "1d", 2, 0)
    assert shell.weaver("data", "show", "X", "--json").document == [series]

    copy = tmp_path / "copy.parquet"
    exported = shell.weaver("data", "export", str(copy), "--symbol", "X", "--start", "2024-01-03", "--json")
    assert (exported.code, exported.document["bars"]) == (0, 1)
    again = shell.weaver("data", "import", str(copy), "--symbol", "X", "--json")
    assert (again.document["added"], again.document["same"]) == (0, 1)


def test_the_same_rows_again_are_fine_and_others_are_refused_unless_replaced(shell: Shell, prices: Path) -> None:
    command = ("data", "import", str(prices), "--symbol", "X", "--json")
    assert shell.weaver(*command).document["added"] == 2
    assert shell.weaver(*command).document["same"] == 2
    prices.write_text(TWO_DAYS.replace("10.5,12,10,11", "10.5,12,10,11.5"))

    refused = shell.weaver(*command)

    assert refused.code == 2
    assert "--replace" in refused.stderr
    assert refused.document["error"]["rows"] == [2]
    assert shell.weaver(*command, "--replace").document["replaced"] == 1


def test_impossible_bars_are_refused_with_their_rows_unless_fixed(shell: Shell, prices: Path) -> None:
    prices.write_text(TWO_DAYS + "2024-01-04,10,9,11,10,100\n")
    command = ("data", "import", str(prices), "--symbol", "X", "--json")
    refused = shell.weaver(*command)
    assert (refused.code, refused.document["error"]["rows"]) == (2, [3])
    assert not (shell.home / "bars").exists()
    assert shell.weaver(*command, "--fix").document["impossible_dropped"] == 1


def test_gaps_are_shown(shell: Shell, prices: Path) -> None:
    prices.write_text(TWO_DAYS + "2024-01-08,11,12,10,11,100\n")
    done = shell.weaver("data", "import", str(prices), "--symbol", "X")
    assert "1 gaps with 2 bars missing, from: 2024-01-04" in done.stdout
    assert "2024-01-04" in shell.weaver("data", "show", "X").stdout
