"""What an account may ask of its orders: place, cancel, replace. And what time does to them."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

from .accounts import Account
from .assets import Assets
from .draft import Draft, client_order_id_of, read_draft
from .errors import ApiError, broken, invalid
from .executions import Executions
from .faults import Faults
from .life import Life
from .orders import Order, Terms
from .permission import check_account, check_funds, check_wash, intent_of
from .prices import Prices
from .replacing import replacement_terms
from .rules import check_draft
from .sessions import Sessions
from .tape import Tape
from .wire import MINUTE, number, wire_time

GOOD_TILL = 90 * 24 * 60 * MINUTE


@dataclass(kw_only=True)
class Pace:
    """Real seconds that the venue takes: from acceptance to the market, and from a request to its effect."""

    new: float = 0
    cancel: float = 0
    replace: float = 0


class Venue:
    """Accepts and refuses. Every method that changes something does so at once and whole: there is no half-accepted order."""

    def __init__(
        self, *, assets: Assets, sessions: Sessions, prices: Prices, tape: Tape, life: Life, executions: Executions, faults: Faults
    ) -> None:
        self.assets = assets
        self.sessions = sessions
        self.prices = prices
        self.tape = tape
        self.life = life
        self.executions = executions
        self.faults = faults
        self.pace = Pace()
        self.spaced_wording = False  # "client order id must be unique" instead of "client_order_id ..."
        self._phase = sessions.phase()

    def place(self, account: Account, body: dict[str, Any], origin: str = "post") -> Order:
        """Accept an order with its legs, or refuse it with ApiError; a refusal is in the ledger too."""
        try:
            return self._place(account, body, origin)
        except ApiError as refusal:
            sent = body.get("client_order_id")
            self.refused(account, str(body.get("symbol")), None if sent is None else str(sent), refusal, origin)
            raise

    def refused(self, account: Account, symbol: str, client_order_id: str | None, refusal: ApiError, origin: str) -> None:
        """Write a refusal."""
        self.tape.ledger.write(
            "refused",
            time=wire_time(self.tape.clock.stamp()),
            account=account.name,
            symbol=symbol,
            client_order_id=client_order_id,
            origin=origin,
            reason=str(refusal),
        )

    def _place(self, account: Account, body: dict[str, Any], origin: str) -> Order:
        draft = read_draft(body, self.assets)
        self.check_unique(account, draft.client_order_id)
        check_account(account)
        phase = self.sessions.phase()
        check_draft(draft, price=self.prices.now(draft.asset.symbol), phase=phase, now=self.tape.clock.now())
        check_wash(account, draft)
        terms = terms_of(draft, intent_of(account, draft.asset.symbol, draft.side))
        if terms.order_class == "oco" and not terms.position_intent.endswith("to_close"):
            raise broken("oco orders must be exit orders")
        if terms.order_class in ("bracket", "oto") and not terms.position_intent.endswith("to_open"):
            raise broken(f"{terms.order_class} orders must be entry orders")
        check_funds(account, terms, self.prices.now)
        order = self._order(account, terms, draft.client_order_id)
        order.legs = [self._leg(account, order, leg) for leg in leg_terms(draft, terms)]
        self.life.accept(order, origin)
        for leg in order.legs:
            self.life.accept(leg, "leg", other_order_id=order.id)
        self._send(order)
        return order

    def check_unique(self, account: Account, client_order_id: str | None) -> None:
        """Refuse an id that any order of the account ever had, in whatever state that order is."""
        if client_order_id is not None and client_order_id in account.by_client_id:
            words = "client order id" if self.spaced_wording else "client_order_id"
            raise invalid(f"{words} must be unique")

    def cancel(self, account: Account, order: Order) -> None:
        """Take a request to cancel; it takes effect later, unless a fill is faster. Refuse for a finished order."""
        if order.is_terminal or order.status == "pending_cancel":
            raise broken(f'order is already in "{order.status}" state')
        self.tape.write("cancel_requested", order)
        if not order.is_working:
            self.life.end(order, "canceled")
            return
        order.status = "pending_cancel"
        order.updated_at = self.tape.clock.stamp()
        self.tape.tell_request("pending_cancel", order)
        self.tape.later(self.pace.cancel, self._cancel_takes_effect, order)

    def _cancel_takes_effect(self, order: Order) -> None:
        if order.is_terminal:
            self.tape.tell_request("order_cancel_rejected", order)
            return
        if self.faults.race("fill_beats_cancel", order.symbol):
            self.executions.fill_now(order)
        elif self.faults.race("partial_beats_cancel", order.symbol) and order.remaining is not None:
            half = order.remaining / 2
            self.executions.fill_now(order, half if order.terms.asset.crypto or half < 1 else Decimal(int(half)))
        self.life.end(order, "canceled")

    def replace(self, account: Account, order: Order, body: dict[str, Any]) -> Order:
        """Accept an order in place of another, with its own id and client_order_id; what is not named stays, `qty` as what remains."""
        try:
            new = self._replacement(account, order, body)
        except ApiError as refusal:
            self.refused(account, order.symbol, client_order_id_of(body), refusal, "replace")
            raise
        self.tape.write("replace_requested", order, other_order_id=new.id)
        order.status = "pending_replace"
        order.updated_at = self.tape.clock.stamp()
        self.tape.tell_request("pending_replace", order)
        self.life.accept(new, "replace", other_order_id=order.id)
        self.tape.later(self.pace.replace, self._replace_takes_effect, order, new)
        return new

    def _replacement(self, account: Account, order: Order, body: dict[str, Any]) -> Order:
        client_order_id = client_order_id_of(body)
        terms = replacement_terms(order, body)
        self.check_unique(account, client_order_id)
        if order.status != "held":
            check_funds(account, terms, self.prices.now, replacing=order)
        new = self._order(account, terms, client_order_id)
        new.replaces = order.id
        return new

    def _replace_takes_effect(self, order: Order, new: Order) -> None:
        if not order.is_terminal and self.faults.race("fill_beats_replace", order.symbol):
            self.executions.fill_now(order)
        if order.is_terminal or new.is_terminal:
            self.tape.tell_request("order_replace_rejected", order)
            self.life.end(new, "rejected", "the order it replaces was finished first")
            return
        order.replaced_by = new.id
        new.parent, new.legs = order.parent, order.legs
        order.parent, order.legs = None, []
        for leg in new.legs:
            leg.parent = new
        if new.parent is not None:
            new.parent.legs = [new if leg is order else leg for leg in new.parent.legs]
        self.life.end(order, "replaced")
        entry = new.parent
        if entry is not None and entry.terms.order_class != "oco" and entry.status != "filled":
            new.status = "held"
        else:
            self.life.work(new)

    def tick(self) -> None:
        """Do what time does: open and close sessions, end orders, follow prices that move by themselves."""
        phase = self.sessions.phase()
        if phase != self._phase:
            self._change_phase(self._phase, phase)
        now = self.tape.clock.now()
        for order in list(self.executions.working.values()):
            if order.expires_at <= now and (order.terms.time_in_force == "gtc" or order.terms.extended_hours):
                self.life.end(order, "expired")
            elif order.symbol not in self.prices.preset:
                self.executions.evaluate(order)

    def _change_phase(self, before: str, phase: str) -> None:
        self._phase = phase
        if before == "open":
            self.executions.close_auction()
            for order in list(self.executions.working.values()):
                terms = order.terms
                if not terms.asset.crypto and terms.time_in_force in ("day", "cls") and not terms.extended_hours:
                    self.life.end(order, "expired")
        for account in self.life.accounts():
            for order in account.open_orders():
                if order.status == "accepted" and self._goes_to_market(order.terms):
                    self.life.work(order)
                    if order.terms.time_in_force == "opg":
                        self.life.end(order, "canceled", "unfilled at the open")

    def _goes_to_market(self, terms: Terms) -> bool:
        phase = self.sessions.phase()
        return terms.asset.crypto or phase == "open" or (phase == "extended" and terms.extended_hours)

    def _order(self, account: Account, terms: Terms, client_order_id: str | None) -> Order:
        submitted = self.tape.clock.stamp()
        day = not terms.asset.crypto and terms.time_in_force != "gtc"
        expires = self.sessions.working_day_end(extended=terms.extended_hours) if day else submitted + GOOD_TILL
        status = "pending_new" if self._goes_to_market(terms) else "accepted"
        name = client_order_id or str(uuid4())
        return Order(account=account.name, terms=terms, client_order_id=name, submitted_at=submitted, expires_at=expires, status=status)

    def _leg(self, account: Account, parent: Order, terms: Terms) -> Order:
        leg = self._order(account, terms, None)
        leg.parent = parent
        if terms.order_class != "oco":
            leg.status = "held"
        return leg

    def _send(self, order: Order) -> None:
        if order.status != "pending_new":
            return
        self.tape.later(self.pace.new, self.life.work, order)
        if order.terms.order_class == "oco":
            for leg in order.legs:
                self.tape.later(self.pace.new, self.life.work, leg)


def terms_of(draft: Draft, intent: str) -> Terms:
    """Return the terms of a draft that passed the rules."""
    return Terms(
        asset=draft.asset,
        side=draft.side,
        type=draft.type,
        time_in_force=draft.time_in_force,
        quantity=draft.quantity,
        notional=draft.notional,
        limit_price=draft.limit_price if draft.type in ("limit", "stop_limit") else None,
        stop_price=draft.stop_price if draft.type in ("stop", "stop_limit") else None,
        trail_price=draft.trail_price,
        trail_percent=draft.trail_percent,
        extended_hours=draft.extended_hours,
        order_class=draft.order_class,
        position_intent=intent,
    )


def leg_terms(draft: Draft, entry: Terms) -> list[Terms]:
    """Return the exits of a bracket (target, stop), of an entry with one exit, or the stop of a pair."""
    if not draft.order_class:
        return []
    exits = entry.side if draft.order_class == "oco" else ("sell" if entry.side == "buy" else "buy")
    common = replace(entry, side=exits, position_intent=f"{exits}_to_close", limit_price=None, stop_price=None)
    legs: list[Terms] = []
    if draft.take_profit is not None and draft.order_class != "oco":
        legs.append(replace(common, type="limit", limit_price=draft.take_profit))
    if draft.stop_loss is not None:
        kind = "stop" if draft.stop_loss_limit is None else "stop_limit"
        legs.append(replace(common, type=kind, stop_price=draft.stop_loss, limit_price=draft.stop_loss_limit))
    return legs


def close_body(account: Account, symbol: str, quantity: Decimal, *, crypto: bool) -> dict[str, Any]:
    """Return the body of the market order that closes `quantity` of a holding."""
    side = "sell" if account.quantity(symbol) > 0 else "buy"
    tif = "gtc" if crypto else "day"
    return {"symbol": symbol, "qty": number(quantity), "side": side, "type": "market", "time_in_force": tif}
