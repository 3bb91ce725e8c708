"""Events as histories tell them."""

from datetime import UTC, datetime, timedelta

from weaver.walle.model import ACCOUNTS, EventRecord, Json

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def an_event(number: int = 1, kind: str = "orders.Filled", **payload: Json) -> EventRecord:
    fill: dict[str, Json] = {"side": "buy", "quantity": "1", "symbol": "SIM/USD", "filled_avg_price": "99.5", "account": "simulated-paper"}
    return EventRecord(
        id=f"link-{number}",
        type=kind,
        run_id="account-simulated-paper" if kind.startswith("account.") else "first",
        position=number,
        corr_id="corr",
        ts=NOON + timedelta(seconds=number),
        producer=ACCOUNTS if kind.startswith("account.") else "weaver.trading",
        payload=payload or (fill if kind.startswith("orders.") else {}),
    )
