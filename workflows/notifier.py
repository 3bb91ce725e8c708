"""Notifications: one workflow has all histories followed, and one for each channel delivers what waits there.

Their workers are of no build: whichever there is goes on, since they have no state but what is in WallE.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.following import News
    from activities.notifying import Deliveries
    from workflows import policies
    from workflows.notifier_inputs import DELIVERY, NOTIFIER, ChannelTask, DeliveryPlan, MessageTask

_SHORTEST = timedelta(seconds=1)


@workflow.defn(name=NOTIFIER)
class Notifier:
    """Has one worker of all follow the histories, for ever. What it notes is in WallE, and so is how far it came."""

    @workflow.run
    async def run(self) -> None:
        while not workflow.info().is_continue_as_new_suggested():
            await workflow.execute_activity_method(
                News.follow,
                start_to_close_timeout=policies.FOLLOW_TIMEOUT,
                heartbeat_timeout=policies.FOLLOW_HEARTBEAT,
                retry_policy=policies.FOLLOW_RETRY,
                summary="note what channels want to be told",
            )
        workflow.continue_as_new()


@workflow.defn(name=DELIVERY)
class Delivery:
    """Delivers to one channel until nothing waits there; whoever notes more starts it again."""

    @workflow.run
    async def run(self, task: ChannelTask) -> None:
        while not workflow.info().is_continue_as_new_suggested():
            plan: DeliveryPlan = await workflow.execute_activity_method(
                Deliveries.plan,
                task,
                start_to_close_timeout=policies.RECORD_TIMEOUT,
                retry_policy=policies.RECORD_RETRY,
                summary="what is to be sent",
            )
            if plan.messages:
                for message in plan.messages:
                    await self._deliver(MessageTask(channel=task.channel, message=message))
            elif plan.wait_seconds is not None:
                await workflow.sleep(max(_SHORTEST, timedelta(seconds=plan.wait_seconds)), summary="before the next digest")
            else:
                return
        workflow.continue_as_new(task)

    async def _deliver(self, task: MessageTask) -> None:
        """Send a message until it is taken, or until it is given up."""
        try:
            await workflow.execute_activity_method(
                Deliveries.deliver,
                task,
                start_to_close_timeout=policies.DELIVER_TIMEOUT,
                schedule_to_close_timeout=policies.DELIVER_LIFE,
                heartbeat_timeout=policies.FOLLOW_HEARTBEAT,
                retry_policy=policies.DELIVER_RETRY,
                summary=task.message,
            )
        except ActivityError:
            await workflow.execute_activity_method(
                Deliveries.give_up,
                task,
                start_to_close_timeout=policies.RECORD_TIMEOUT,
                retry_policy=policies.RECORD_RETRY,
                summary="given up",
            )
