"""Looks after one account: its venue's updates, reconciliation, the kill switch."""

import asyncio
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import Priority
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.trading_steps import AccountSteps
    from workflows import policies
    from workflows.account_inputs import AccountDone, AccountInput, AccountState, AccountTask, KillRequest
    from workflows.attributes import KIND, MODE, STATUS
    from workflows.inputs import Ask, Event, StopRequest
    from workflows.moving import is_to_move, next_link
    from workflows.problems import problem_of
    from workflows.trading_names import ACCOUNT, data_queue, veda_queue

_KILL, _ASK = KillRequest(), Ask()
_URGENT = Priority(priority_key=1)


@workflow.defn(name=ACCOUNT)
class Account:
    """One account at one venue; its id is `account-<adapter>-<mode>`."""

    @workflow.init
    def __init__(self, request: AccountInput) -> None:
        self._account = request.account
        self._kill: KillRequest | None = request.kill
        self._rearm = False
        self._look = False
        self._killed = request.killed
        self._listening: asyncio.Task[None] | None = None
        self._is_busy = True
        self._reconciled: datetime | None = None
        self._problem: str | None = None

    @workflow.run
    async def run(self, request: AccountInput) -> None:
        """Look after the account for ever, link by link."""
        workflow.upsert_search_attributes(
            [KIND.value_set("account"), MODE.value_set(self._account.rpartition("-")[2]), STATUS.value_set("running")]
        )
        self._listening = asyncio.create_task(self._listen())
        while True:
            await self._step()
            if self._is_long() and self._kill is None and not self._rearm:
                # The updates are not called off here, which a link may not do as its last word: Temporal does it for the old link.
                await workflow.wait_condition(workflow.all_handlers_finished)
                next_link(AccountInput(account=self._account, killed=self._killed, kill=self._kill, link=request.link + 1))
            every = policies.RECONCILE_BUSY if self._is_busy else policies.RECONCILE_IDLE
            try:
                await workflow.wait_condition(self._has_something_to_do, timeout=every, timeout_summary="until the next reconciliation")
            except TimeoutError:
                continue

    @workflow.query
    def state(self) -> AccountState:
        """Return the account as it is looked after."""
        return AccountState(
            account=self._account,
            killed=self._killed,
            is_listening=self._listening is not None and not self._listening.done(),
            last_reconciled=self._reconciled,
            problem=self._problem,
        )

    @workflow.signal
    def kill(self, ask: KillRequest = _KILL) -> None:
        """Refuse new orders, cancel all working ones, and close every position when `flatten`."""
        self._kill, self._rearm = ask, False  # of two that wait, the last word counts

    @workflow.signal
    def rearm(self, ask: Ask = _ASK) -> None:
        """Allow orders again."""
        del ask
        self._kill, self._rearm = None, True

    @workflow.signal
    def look(self, ask: Ask = _ASK) -> None:
        """Reconcile now: something calls for a look before its time."""
        del ask
        self._look = True

    @workflow.signal
    def noticed(self, event: Event) -> None:
        """Hear what happened to the connection; that it stands in the history is all."""
        workflow.set_current_details(event.type)

    def _has_something_to_do(self) -> bool:
        return self._kill is not None or self._rearm or self._look

    async def _step(self) -> None:
        """Do what was asked for, then compare with the venue. A venue that is away is asked again the next time."""
        try:
            if self._kill is not None:
                ask, self._kill = self._kill, None
                self._killed = True
                workflow.set_current_details(f"**killed**: {ask.reason[:500]}")
                done = await self._do(AccountSteps.kill, policies.KILL_TIMEOUT, "kill switch", flatten=ask.flatten, reason=ask.reason)
                await self._stop_runs(done)
            if self._rearm:
                self._rearm = False
                await self._do(AccountSteps.rearm, policies.RECORD_TIMEOUT, "allow orders again")
                self._killed = False
            self._look = False
            done = await self._reconcile()
            if done is None:
                return
            self._is_busy, self._reconciled, self._problem = done.is_busy, workflow.now(), None
            workflow.set_current_details(f"{'**killed**, ' if self._killed else ''}reconciled {workflow.now():%Y-%m-%d %H:%M:%S}Z")
            await self._stop_runs(done)
        except ActivityError as failure:
            self._problem = problem_of(failure).message
            workflow.set_current_details(f"cannot be looked after now: {self._problem[:500]}")

    async def _do(self, step: Any, timeout: Any, summary: str, *, flatten: bool = False, reason: str = "") -> AccountDone:
        return await workflow.execute_activity_method(
            step,
            AccountTask(account=self._account, flatten=flatten, reason=reason, at=workflow.now()),
            task_queue=veda_queue(self._account),
            start_to_close_timeout=timeout,
            heartbeat_timeout=policies.VENUE_HEARTBEAT,
            retry_policy=policies.VENUE_RETRY,
            priority=_URGENT,
            summary=summary,
        )

    async def _reconcile(self) -> AccountDone | None:
        """Compare with the venue; None when the kill switch cannot wait for that."""
        handle = workflow.start_activity_method(
            AccountSteps.reconcile,
            AccountTask(account=self._account, at=workflow.now()),
            task_queue=veda_queue(self._account),
            start_to_close_timeout=policies.VENUE_TIMEOUT,
            heartbeat_timeout=policies.VENUE_HEARTBEAT,
            retry_policy=policies.RECONCILE_RETRY,
            summary="compare with the venue",
        )
        await workflow.wait_condition(lambda: handle.done() or self._kill is not None)
        if handle.done():
            return await handle
        handle.cancel()
        return None

    async def _listen(self) -> None:
        """Have the venue's updates followed, one activity after the other."""
        while True:
            try:
                await workflow.execute_activity_method(
                    AccountSteps.listen,
                    AccountTask(account=self._account),
                    task_queue=data_queue(self._account),
                    start_to_close_timeout=policies.LISTEN_TIMEOUT,
                    heartbeat_timeout=policies.VENUE_HEARTBEAT,
                    retry_policy=policies.VENUE_RETRY,
                    summary="follow the venue's updates",
                )
            except ActivityError as failure:
                self._problem = problem_of(failure).message
                await workflow.sleep(policies.RECONCILE_BUSY, summary="before it is followed again")

    async def _stop_runs(self, done: AccountDone) -> None:
        for run_id in done.stop_runs:
            try:
                await workflow.get_external_workflow_handle(run_id).signal("stop", StopRequest(flatten=done.flatten))
            except ApplicationError:
                continue  # it has come to its end by itself

    def _is_long(self) -> bool:
        info = workflow.info()
        return info.is_continue_as_new_suggested() or info.get_current_history_length() > policies.EVENTS_A_LINK or is_to_move()
