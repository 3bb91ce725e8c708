"""The activities of trading as a workflow sees them: names, inputs and results, apart from their code."""

from temporalio import activity

from workflows.account_inputs import AccountDone, AccountTask
from workflows.order_inputs import CancelTask, ExitPlan, ExitTask, PriceReached, PriceTask, QuoteTask, SendTask, Sent, Synced, SyncTask
from workflows.trading_inputs import (
    Admission,
    AdmitTask,
    Closed,
    CloseTask,
    DecideTask,
    Decision,
    FlattenPlan,
    FlattenTask,
    Opened,
    OpenTask,
    Pinned,
    PinTask,
    Tick,
    TickTask,
)


class RunSteps:
    """What a run asks of the process of the workflows: its records, admission."""

    @activity.defn(name="open_trading")
    async def open(self, task: OpenTask) -> Opened:
        """Check adapter, mode, credentials and arming, lease the symbols, and have the account looked after."""
        raise NotImplementedError

    @activity.defn(name="admit_orders")
    def admit(self, task: AdmitTask) -> Admission:
        """Put orders on record that the limits allow, in one transaction; say which rule forbids the others."""
        raise NotImplementedError

    @activity.defn(name="plan_flattening")
    def plan_flattening(self, task: FlattenTask) -> FlattenPlan:
        """Return the orders that close what the run itself holds."""
        raise NotImplementedError

    @activity.defn(name="close_trading")
    def close(self, task: CloseTask) -> Closed:
        """Return the run's leases and put its last money on record."""
        raise NotImplementedError


class StrategySteps:
    """What runs the user's code, on the queue `weaver-marvin`."""

    @activity.defn(name="pin_strategy")
    def pin(self, task: PinTask) -> Pinned:
        """Pin the strategy's text and parameters. Fails for what the request names that is not there or does not fit."""
        raise NotImplementedError

    @activity.defn(name="decide")
    def decide(self, task: DecideTask) -> Decision:
        """Ask the strategy at a bar's end, and put what it saw and wants on record."""
        raise NotImplementedError


class TickSteps:
    """What is read for a run, on the queue `weaver-veda-<account>-data`."""

    @activity.defn(name="fetch_bars")
    async def tick(self, task: TickTask) -> Tick:
        """Wait for the bar's end and for its bars, record them, and return them with the run's money."""
        raise NotImplementedError


class PriceSteps:
    """What is waited for at a venue, on the queue `weaver-veda-<account>-data`."""

    @activity.defn(name="await_price")
    async def await_price(self, task: PriceTask) -> PriceReached:
        """Wait until an order of that side could be filled at the price."""
        raise NotImplementedError

    @activity.defn(name="price_now")
    async def price_now(self, task: QuoteTask) -> PriceReached:
        """Return the price that an order of that side would meet now."""
        raise NotImplementedError


class OrderSteps:
    """What is done with an order at its venue, on the queue `weaver-veda-<account>`."""

    @activity.defn(name="submit_order")
    async def submit(self, task: SendTask) -> Sent:
        """Send an order; where an earlier try may have reached the venue, ask for its id first."""
        raise NotImplementedError

    @activity.defn(name="find_order")
    async def find(self, task: SendTask) -> Sent:
        """Ask the venue for an order whose outcome is not known."""
        raise NotImplementedError

    @activity.defn(name="cancel_order")
    async def cancel(self, task: CancelTask) -> Synced:
        """Ask for the cancellation and say what the order is then."""
        raise NotImplementedError

    @activity.defn(name="sync_order")
    async def sync(self, task: SyncTask) -> Synced:
        """Return what changed since a number, asking the venue first if so told."""
        raise NotImplementedError

    @activity.defn(name="plan_exit")
    async def plan_exit(self, task: ExitTask) -> ExitPlan:
        """Return an exit of a filled bracket, sized by what the venue still holds."""
        raise NotImplementedError


class AccountSteps:
    """What is done for a whole account; `listen` on the data queue, the others on the account's own."""

    @activity.defn(name="listen")
    async def listen(self, task: AccountTask) -> AccountDone:
        """Follow the venue's updates until cancelled: book them, tell the orders."""
        raise NotImplementedError

    @activity.defn(name="reconcile")
    async def reconcile(self, task: AccountTask) -> AccountDone:
        """Compare with the venue: apply what was missed, record what differs, look at the day's loss."""
        raise NotImplementedError

    @activity.defn(name="kill_account")
    async def kill(self, task: AccountTask) -> AccountDone:
        """Refuse new orders, cancel all until two successive lists are empty, flatten if so asked."""
        raise NotImplementedError

    @activity.defn(name="rearm_account")
    async def rearm(self, task: AccountTask) -> AccountDone:
        """Allow orders again."""
        raise NotImplementedError
