"""Tells channels what waits for them."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import ParamSpec, TypeVar

from temporalio import activity

from activities.beating import beating
from activities.failures import translated
from weaver.errors import Unavailable, WeaverError
from weaver.notify.channels import Channels
from weaver.notify.messages import message_of
from weaver.notify.pacing import MINUTE, MOST_IN_A_DIGEST, pace
from weaver.notify.sending import send
from weaver.walle.notifications import Notifications
from workflows.notifier_inputs import ChannelTask, DeliveryPlan, MessageTask

P = ParamSpec("P")
ReturnT = TypeVar("ReturnT")
logger = logging.getLogger(__name__)

KEPT = timedelta(days=30)
"""How long what was delivered, or given up, stays on record."""


class Deliveries:
    """Only names of channels come in: addresses and secrets are looked up here. Sending blocks, in `threads`."""

    def __init__(self, channels: Channels, store: Notifications, environment: Mapping[str, str], threads: ThreadPoolExecutor) -> None:
        self._channels = channels
        self._store = store
        self._environment = environment
        self._threads = threads

    @activity.defn(name="plan_messages")
    async def plan(self, task: ChannelTask) -> DeliveryPlan:
        """Return the messages of a channel that wait; of events that none tells yet it makes some, at the channel's pace."""
        with translated():
            return await self._in_thread(self._plan, task.channel)

    def _plan(self, channel: str) -> DeliveryPlan:
        now = datetime.now(UTC)
        self._store.forget(now - KEPT)
        waiting = self._store.planned(channel)
        if waiting:
            return DeliveryPlan(messages=waiting)
        limit = self._channels[channel].most_a_minute if channel in self._channels.by_name else 1
        events = [one.event_id for one in self._store.unplanned(channel, MOST_IN_A_DIGEST)]
        paced = pace(events, self._store.planned_since(channel, now - MINUTE), limit, now)
        self._store.plan(channel, paced.messages, now)
        return DeliveryPlan(messages=list(paced.messages), wait_seconds=paced.wait.total_seconds() if paced.wait else None)

    @activity.defn(name="deliver_message")
    async def deliver(self, task: MessageTask) -> None:
        """Send a message. It may be sent twice, with the same id; whatever went wrong is tried again."""
        async with beating():
            await self._in_thread(self._deliver, task)

    def _deliver(self, task: MessageTask) -> None:
        events = self._store.events(task.channel, task.message)
        if not events:
            return
        try:
            send(task.channel, self._channels[task.channel], message_of(task.message, events), self._environment)
        except WeaverError as problem:
            logger.warning("notification %s: %s", task.message, problem)
            self._store.met(task.channel, task.message, str(problem))
            raise Unavailable(str(problem)) from problem  # a person may put right what lacks while it is tried again
        self._store.delivered(task.channel, task.message, datetime.now(UTC))

    @activity.defn(name="give_up_message")
    async def give_up(self, task: MessageTask) -> None:
        """Note that nobody took a message."""
        with translated():
            logger.error("notification %s of channel %s is given up", task.message, task.channel)
            await self._in_thread(self._store.failed, task.channel, task.message, datetime.now(UTC))

    async def _in_thread(self, call: Callable[P, ReturnT], *arguments: P.args, **named: P.kwargs) -> ReturnT:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(copy_context().run, call, *arguments, **named))
