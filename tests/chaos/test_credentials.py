"""Keys: each mode trades its own account or none at all, and no key is ever written down."""

import base64
import itertools
import json
import logging
import secrets
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import pytest
from temporalio.exceptions import ApplicationError

from activities.trading_runs import TradingRuns
from tests.alpaca_server.accounts import AccountSpec
from tests.alpaca_server.server import AlpacaServer
from tests.workflows.alpaca_world import EQUITY, LIVE, PAPER, a_server, a_share, addresses, alpaca_world, keys
from tests.workflows.by_hand import an_id, at_venue, becomes, comes, place, placed
from tests.workflows.trading_world import TradingWorld
from weaver.errors import MissingCredentials, Refused, RiskRefused, WeaverError
from weaver.glados.requests import RunCreate
from weaver.glados.risk import LIVE_LIMITS, RiskLimits
from weaver.orders import OrderRequest, OrderStatus, OrderType, Side
from weaver.veda.clocks import SystemClock
from weaver.veda.exchange import Exchange, Mode
from weaver.veda.library import AdapterLibrary
from weaver.walle.accounts import Accounts
from weaver.walle.database import Database
from weaver.walle.decisions import Decisions
from weaver.walle.leases import Leases
from weaver.walle.orders import Orders
from weaver.walle.records import Records
from weaver.walle.trading_model import AccountLimits
from weaver.walle.trading_queries import TradingQueries
from workflows.account_inputs import KillRequest
from workflows.inputs import Ask
from workflows.trading_client import account_state, kill_account, look_at_account, order_state, rearm_account
from workflows.trading_inputs import OpenTask

VARIABLES = tuple(keys(PAPER)) + tuple(keys(LIVE))
MODES: tuple[Mode, Mode] = ("paper", "live")


def _market_order() -> OrderRequest:
    return OrderRequest(client_order_id=an_id(), symbol=EQUITY, side=Side.BUY, order_type=OrderType.MARKET, quantity=Decimal(1))


def _exchange(mode: Mode, environment: Mapping[str, str]) -> Exchange:
    return AdapterLibrary.open().open_exchange("alpaca", mode, environment=environment, clock=SystemClock())


async def _looked_after(account: str) -> None:
    del account


def _runs(folder: Path, environment: Mapping[str, str]) -> TradingRuns:
    database = Database.open(f"sqlite:///{folder / 'walle.db'}")
    return TradingRuns(
        adapters=AdapterLibrary.open,
        environment=environment,
        is_live_armed=True,
        limits=AccountLimits(paper=RiskLimits(), live=LIVE_LIMITS),
        orders=Orders(database),
        accounts=Accounts(database),
        leases=Leases(database),
        queries=TradingQueries(database),
        decisions=Decisions(database),
        records=Records(database),
        look_after=_looked_after,
    )


def _opening(mode: Mode) -> OpenTask:
    asked = {
        "strategy": "any",
        "symbols": [EQUITY],
        "timeframe": "1m",
        "mode": mode,
        "adapter": "alpaca",
        "cash": "100",
        "confirm_live": True,
    }
    return OpenTask(run_id=f"run-{secrets.token_hex(4)}", request=RunCreate.model_validate(asked), now=datetime.now(UTC))


async def test_no_combination_of_set_and_unset_keys_trades_another_account_than_its_modes(tmp_path: Path) -> None:
    everything = {**keys(PAPER), **keys(LIVE)}
    async with a_server() as server:
        for number, given in enumerate(itertools.product((True, False), repeat=len(VARIABLES))):
            chosen = {name: everything[name] for name, is_set in zip(VARIABLES, given, strict=True) if is_set}
            environment = {**addresses(server), **chosen}
            folder = tmp_path / str(number)
            folder.mkdir()
            runs = _runs(folder, environment)
            for mode in MODES:
                needed = tuple(name for name in VARIABLES if mode.upper() in name)
                missing = [name for name in needed if name not in chosen]
                before = len(server.ledger)
                if missing:
                    with pytest.raises(MissingCredentials) as refused:
                        _exchange(mode, environment)
                    with pytest.raises(ApplicationError) as not_opened:
                        await runs.open(_opening(mode))
                    assert not_opened.value.type == "MissingCredentials"
                    for text in (str(refused.value), not_opened.value.message):
                        assert [name for name in VARIABLES if name in text] == missing
                    assert len(server.ledger) == before
                    continue
                assert (await runs.open(_opening(mode))).account == f"alpaca-{mode}"
                order = _market_order()
                exchange = _exchange(mode, environment)
                await exchange.connect()
                await exchange.submit(order)
                await exchange.disconnect()
                taken = [entry for entry in server.ledger[before:] if entry.kind == "accepted"]
                assert [(entry.account, entry.client_order_id) for entry in taken] == [(mode, order.client_order_id)]
        assert len(server.ledger) > 0


async def test_keys_of_the_other_mode_trade_nothing(tmp_path: Path) -> None:
    swapped = {
        "ALPACA_PAPER_API_KEY": LIVE.key,
        "ALPACA_PAPER_API_SECRET": LIVE.secret,
        "ALPACA_LIVE_API_KEY": PAPER.key,
        "ALPACA_LIVE_API_SECRET": PAPER.secret,
    }
    async with a_server() as server:
        for mode in MODES:
            exchange = _exchange(mode, {**addresses(server), **swapped})
            with pytest.raises(Refused, match=f"ALPACA_{mode.upper()}_API_KEY"):
                await exchange.connect()
            await exchange.disconnect()
        assert server.ledger == []


# Nothing is written down.


KEY, SECRET = "PKPLANTED7F3A9C", "planted/secret+of=nobody-51c2"
PLANTED = AccountSpec(name="paper", key=KEY, secret=SECRET)
FORMS = tuple(
    form.encode()
    for text in (KEY, SECRET)
    for form in (text, quote(text, safe=""), json.dumps(text)[1:-1], base64.b64encode(text.encode()).decode().rstrip("="))
)


def _found_in(where: str, data: bytes) -> list[str]:
    return [f"{form!r} in {where}" for form in FORMS if form in data]


async def _trade_with_trouble(world: TradingWorld, server: AlpacaServer) -> list[str]:
    """Do what can go wrong in every way; return what people are told of it."""
    told: list[str] = []
    faults: list[dict[str, object]] = [
        {"kind": "error", "status": 401, "code": 40110000, "message": "request is not authorized", "method": "POST"},
        {"kind": "error", "status": 403, "code": None, "message": "forbidden.", "method": "POST"},
        {"kind": "error", "status": 403, "code": 40310000, "message": "insufficient buying power", "method": "POST"},
        {"kind": "error", "status": 500, "html": True, "method": "POST"},
        {"kind": "error", "status": 504, "html": True, "when": "after", "method": "POST"},
        {"kind": "reset", "when": "before", "method": "POST"},
        {"kind": "reset", "when": "after", "method": "POST"},
        {"kind": "half_json", "method": "POST"},
        {"kind": "cut", "method": "POST"},
    ]
    for fault in faults:
        share, order_id = a_share(world, server), an_id()
        server.commands.add_fault({**fault, "client_order_id": order_id})
        state = await place(world, share, client_order_id=order_id, order_type="limit", limit_price="150")
        told.append(state.model_dump_json())
        await comes(world, order_id, lambda order: order.status in (OrderStatus.ACCEPTED, OrderStatus.REJECTED))
        told.append((await order_state(world.client, order_id)).model_dump_json())
    share = a_share(world, server)
    await placed(world, share)
    server.commands.add_fault({"kind": "error", "status": 401, "code": 40110000, "message": "no", "path": "orders|account", "times": 3})
    server.commands.add_stream_fault({"kind": "refuse", "times": 1})
    server.commands.cut_streams("trade")
    await look_at_account(world.client, world.account)

    async def is_over() -> bool:
        return not any(fault["fired"] < fault["times"] for fault in server.commands.faults()["requests"] if fault["times"])

    await becomes(is_over, "the account to be refused several times")
    told.append((await account_state(world.client, world.account)).model_dump_json())
    await kill_account(world.client, world.account, KillRequest(flatten=True))
    await becomes(lambda: world.venue.accounts.account(world.account).killed, "the kill switch to be on")
    with pytest.raises(RiskRefused) as refused:
        await place(world, share)
    told += traceback.format_exception(refused.value)
    await rearm_account(world.client, world.account, Ask())
    for asked in ({"mode": "live", "cash": "100"}, {"mode": "paper", "timeframe": "7x"}):
        try:
            run_id = await world.start("scripted", [EQUITY], adapter="alpaca", **asked)
        except ValueError as problem:  # pydantic's is one
            told += traceback.format_exception(problem)
        else:
            told.append((await world.ended(run_id)).model_dump_json())
    return told


async def _errors(server: AlpacaServer) -> list[str]:
    """Return the whole tracebacks, causes and all, of calls that fail in the adapter itself."""
    told: list[str] = []
    exchange = _exchange("paper", {**addresses(server), **keys(PLANTED)})
    told += [repr(exchange), repr(exchange.context), str(exchange.context)]
    await exchange.connect()
    for kind in ("reset", "close", "cut", "half_json", "error"):
        for status in (401, 403, 422, 500):
            server.commands.add_fault({"kind": kind, "status": status, "html": status == 500, "times": 1})
            try:
                await exchange.submit(_market_order())
            except WeaverError as problem:
                told += traceback.format_exception(problem)
            server.commands.clear_faults()
            if kind != "error":
                break
    await exchange.disconnect()
    wrong = _exchange("paper", {**addresses(server), "ALPACA_PAPER_API_KEY": KEY + "x", "ALPACA_PAPER_API_SECRET": SECRET})
    with pytest.raises(Refused) as refused:
        await wrong.connect()
    await wrong.disconnect()
    return told + traceback.format_exception(refused.value)


async def test_no_key_is_in_any_history_record_log_answer_or_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with alpaca_world(tmp_path, accounts=[PLANTED]) as (world, server):
        told = await _trade_with_trouble(world, server)
        told += await _errors(server)
        found = [text for number, answer in enumerate(told) for text in _found_in(f"answer {number}", answer.encode())]
        links = 0
        known = {one.id async for one in world.client.list_workflows("")}
        for workflow_id in known:
            for link, history in await world.links(workflow_id):
                links += 1
                for event in history.events:
                    found += _found_in(f"{workflow_id} {link} event {event.event_id}", event.SerializeToString())
            described = await world.handle(workflow_id).describe()
            found += _found_in(f"{workflow_id} as described", described.raw_description.SerializeToString())
        assert links > 10
        orders = await at_venue(world, EQUITY)
        assert orders
    # With everything closed all of it is in the files.
    logged = caplog.text
    assert "T" in logged
    found += _found_in("the log", logged.encode())
    files = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    for path in files:
        found += _found_in(path.name, path.read_bytes())
    database = next(path for path in files if path.name == "walle.db")
    assert b"40310000" in database.read_bytes() or b"insufficient buying power" in database.read_bytes()  # what was refused is there
    assert found == []
