"""Serves the queue `weaver-notify`, where there are channels to be told."""

import logging
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from temporalio.client import Client
from temporalio.common import MetricMeter
from temporalio.worker import Interceptor, Worker

from activities.following import News
from activities.notifying import Deliveries
from processes.deployment import NO_BUILD
from processes.fatal import end_process
from processes.sandbox import workflow_runner
from processes.served import NOTIFYING
from weaver.environment import Environment
from weaver.errors import BadInput
from weaver.notify.channels import Channels
from weaver.settings import Settings
from weaver.walle.database import Database
from weaver.walle.notifications import Notifications
from weaver.walle.queries import Queries
from workflows.notifier_client import start_delivery, start_notifier
from workflows.notifier_inputs import NOTIFY_QUEUE

logger = logging.getLogger(__name__)

SENDERS = 4
"""Messages that are sent at a time: each may block a thread until its time-out."""
DRAIN = timedelta(seconds=4)


@asynccontextmanager
async def notifying(
    client: Client,
    database: Database,
    settings: Settings,
    interceptors: Sequence[Interceptor] = (),
    meter: MetricMeter = MetricMeter.noop,
) -> AsyncGenerator[None]:
    """Follow and deliver while inside, if this worker has channels. A file of channels that is wrong ends no trading: it is logged."""
    is_wrong = meter.create_gauge("weaver_notify_misconfigured", "1 when this worker notifies nobody since its file of channels is wrong.")
    try:
        channels = Channels.read(settings.notify_file)
        is_wrong.set(0)
    except BadInput as problem:
        logger.error("nobody is notified by this worker: %s", problem)
        channels = Channels()
        is_wrong.set(1)
    if not channels.by_name:
        yield
        return
    store = Notifications(database)
    news = News(client, channels, store, Queries(database), partial(start_delivery, client))
    with ThreadPoolExecutor(SENDERS, "notify") as threads:
        deliveries = Deliveries(channels, store, Environment(), threads)
        worker = Worker(
            client,
            task_queue=NOTIFY_QUEUE,
            build_id=NO_BUILD,  # what is delivered is the same by any
            workflows=NOTIFYING,
            workflow_runner=workflow_runner(),
            activities=[news.follow, deliveries.plan, deliveries.deliver, deliveries.give_up],
            interceptors=interceptors,
            graceful_shutdown_timeout=DRAIN,
            on_fatal_error=end_process,
        )
        async with worker:
            await start_notifier(client)
            logger.info("notifies %s", ", ".join(sorted(channels.by_name)))
            yield
