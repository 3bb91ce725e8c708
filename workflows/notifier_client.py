"""How the workflows that notify are started."""

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from workflows.client import answered
from workflows.notifier_inputs import DELIVERY, NOTIFIER, NOTIFIER_ID, NOTIFY_QUEUE, ChannelTask, delivery_id


async def start_notifier(client: Client) -> None:
    """Have histories followed, if they are not yet. Raises Unavailable."""
    await answered(
        client.start_workflow(
            NOTIFIER,
            id=NOTIFIER_ID,
            task_queue=NOTIFY_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            static_summary="Notes what channels want to be told",
        )
    )


async def start_delivery(client: Client, channel: str) -> None:
    """Have what waits for a channel delivered, if it is not being so already. Raises Unavailable."""
    await answered(
        client.start_workflow(
            DELIVERY,
            ChannelTask(channel=channel),
            id=delivery_id(channel),
            task_queue=NOTIFY_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            static_summary=f"Notifies the channel {channel}",
        )
    )
