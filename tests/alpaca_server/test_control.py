"""The server in a process of its own, driven from another one."""

import asyncio
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from . import ledger
from .clients import OTHER, PAPER, trading, until
from .control import Control, ControlFailed
from .faults import Fault, Race, StreamFault
from .process import ServerProcess
from .server import AlpacaServer

PLACE = """
import json, sys, urllib.request
headers = {"APCA-API-KEY-ID": "PKTEST", "APCA-API-SECRET-KEY": "paper-secret"}
body = {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day", "client_order_id": sys.argv[2]}
print("sending", flush=True)
urllib.request.urlopen(urllib.request.Request(sys.argv[1] + "/v2/orders", json.dumps(body).encode(), headers)).read()
print("answered", flush=True)
"""


async def test_a_server_process_obeys_its_control_and_keeps_its_ledger_in_a_file(tmp_path: Path):
    file = tmp_path / "ledger.jsonl"
    with ServerProcess(accounts=[PAPER, OTHER], state=file, seed=1) as process:
        control = process.control
        control.set_market("open")
        control.set_price("AAPL", Decimal("200.5"))
        assert control.price("AAPL") == Decimal("200.5")
        control.set_fill_mode("AAPL", parts=2)
        control.add_fault(Fault(kind="error", when="after", method="POST", status=500))
        control.add_stream_fault(StreamFault(kind="drop"))
        control.add_race(Race(kind="bulk_row"))
        with trading(process.urls["paper_url"]) as trader:
            with pytest.raises(Exception, match="internal server error"):
                await trader.order("a", qty="3")
            await until(lambda: len(ledger.fills(control.ledger())) == 2)
        assert [(row.quantity, row.price) for row in ledger.fills(control.ledger())] == [(1, Decimal("200.5")), (2, Decimal("200.5"))]
        assert control.positions() == {"paper": {"AAPL": Decimal(3)}}
        assert control.order("a")["status"] == "filled"
        assert control.faults()["requests"][0]["fired"] == 1
        assert [row["outcome"] for row in control.requests()] == ["500"]
        assert control.problems() == []
        with pytest.raises(ControlFailed, match="KeyError"):
            control.order("unknown")
        entries = control.ledger()
    assert ledger.read_ledger(file) == entries
    assert "secret" not in file.read_text()


async def test_a_ledger_file_of_another_run_is_not_continued(tmp_path: Path):
    file = tmp_path / "ledger.jsonl"
    file.write_text("")
    with pytest.raises(FileExistsError):
        AlpacaServer(state=file)


@pytest.mark.parametrize(("stage", "expected"), [("received", 0), ("accepted", 1)])
async def test_a_hook_kills_the_client_exactly_there(server: AlpacaServer, stage, expected):
    client = subprocess.Popen([sys.executable, "-c", PLACE, server.url, "killed"], stdout=subprocess.PIPE, text=True)
    at_death: list[int] = []

    def kill(seen: str, method: str, path: str, name: str | None) -> None:
        if seen == stage:
            at_death.append(len(ledger.accepted(server.ledger)))
            client.kill()

    server.on_request(kill)
    output, _ = await asyncio.to_thread(client.communicate)
    assert client.returncode == -9
    assert output == "sending\n"
    assert at_death == [expected]
    await until(lambda: len(ledger.accepted(server.ledger)) == 1), "what was received is accepted, though nobody waits for it"


async def test_a_server_in_another_process_kills_the_client_exactly_there():
    with ServerProcess() as process:
        process.control.set_market("open")
        client = subprocess.Popen(
            [sys.executable, "-c", f"import sys; sys.stdin.readline()\n{PLACE}", process.urls["url"], "killed"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        process.control.add_fault(Fault(kind="kill", when="after", method="POST", pid=client.pid, signal=9))
        output, _ = await asyncio.to_thread(client.communicate, "go\n")
        assert (client.returncode, output) == (-9, "sending\n")
        assert [row.client_order_id for row in ledger.accepted(process.control.ledger())] == ["killed"]
        assert os.getpgid(process.pid) != os.getpgid(0)


def test_every_command_is_offered_from_afar():
    control = Control("http://127.0.0.1:1")
    assert callable(control.set_price)
    with pytest.raises(AttributeError):
        getattr(control, "no_such_command")  # noqa: B009  # it is not there, which is the point
