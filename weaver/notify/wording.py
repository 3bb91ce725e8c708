"""Events in words for people, one line each."""

from collections.abc import Mapping

from weaver.walle.model import EventRecord, Json

_ORDERS = {
    "orders.Created": "Created",
    "orders.Submitted": "Submitted",
    "orders.Accepted": "Accepted",
    "orders.InDoubt": "In doubt",
    "orders.PartiallyFilled": "Partly filled",
    "orders.Filled": "Filled",
    "orders.Cancelled": "Cancelled",
    "orders.Rejected": "Rejected",
    "orders.Expired": "Expired",
    "orders.Replaced": "Replaced",
}
_LONGEST = 500


def line(event: EventRecord) -> str:
    """Return what happened, where, and why, in one line."""
    told = _order(event) if event.type in _ORDERS else _other(event)
    return told if len(told) <= _LONGEST else told[: _LONGEST - 1] + "…"


def _order(event: EventRecord) -> str:
    said = event.payload
    what = " ".join(str(said[name]) for name in ("side", "quantity", "symbol") if said.get(name))
    told = f"{_ORDERS[event.type]}: {what}"
    if event.type in ("orders.Filled", "orders.PartiallyFilled"):
        done = f"{said.get('filled_quantity')} " if event.type == "orders.PartiallyFilled" else ""
        told += f", {done}at {said.get('filled_avg_price')}"
    return told + _why(said.get("reason") or said.get("reject_reason")) + _where(event)


def _other(event: EventRecord) -> str:
    said = event.payload
    match event.type:
        case "run.Error":
            error = said.get("error")
            return f"Run ended in error{_why(error.get('message') if isinstance(error, Mapping) else None)}{_where(event)}"
        case "clock.Missed":
            return f"Bars' ends missed: {said.get('count', 'some')}{_where(event)}"
        case "risk.Breached":
            return f"Limit breached: {said.get('rule')}{_why(said.get('message'))}{_where(event)}"
        case "account.Drift":
            return f"Differs from its venue: {_differences(said.get('drift'))}{_where(event)}"
        case "account.Killed":
            return f"Kill switch on{_why(said.get('reason'))}{_where(event)}"
        case "account.Rearmed":
            return f"Kill switch off{_where(event)}"
        case _:
            kind, _, name = event.type.partition(".")
            return f"{kind.capitalize()} {_spaced(name)}{_why(said.get('reason') or said.get('message'))}{_where(event)}"


def _differences(drift: Json) -> str:
    if not isinstance(drift, list) or not drift:
        return "no more"
    shown = [one for one in drift[:3] if isinstance(one, Mapping)]
    told = [f"{one.get('symbol')} {one.get('kind')} ours {one.get('ours')}, theirs {one.get('theirs')}" for one in shown]
    return "; ".join(told) + (f"; and {len(drift) - 3} more" if len(drift) > 3 else "")


def _why(reason: Json) -> str:
    return f" ({' '.join(str(reason).split())})" if reason else ""


def _where(event: EventRecord) -> str:
    account = event.payload.get("account")
    places = [f"run {event.about_run}" if event.about_run else "", f"account {account}" if account else ""]
    known = [place for place in places if place]
    return f" [{', '.join(known)}]" if known else ""


def _spaced(name: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
