"""What a worker's log lines are about: the workflow and activity under way, its run, and the request that it comes from."""

import logging
from typing import Any

from temporalio import activity
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from weaver.logs import working_on
from workflows.log_context import HEADER, Naming, about, named

logger = logging.getLogger(__name__)

_TOLD = frozenset({"submit_order", "cancel_order", "plan_exit", "kill_account", "rearm_account"})
"""What moves money, or keeps it from moving: each of these has a line in the log."""


class LogContext(ClientInterceptor, Interceptor):
    """Has all that an activity logs name it. Given to a client, it is that of each worker of the client."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002  # Temporal's own name
        return _Naming(next)

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # noqa: A002  # as above
        del input
        return Naming


class _Naming(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002  # Temporal's own name
        info = activity.info()
        task = input.args[0] if input.args else None
        with working_on(
            workflow=info.workflow_id,
            link=info.workflow_run_id,
            activity=info.activity_type,
            attempt=str(info.attempt),
            **about(input.headers.get(HEADER)),
            order_id=named(task, "order_id"),
            account=named(task, "account"),
        ):
            result = await super().execute_activity(input)
            if info.activity_type in _TOLD:
                logger.info("%s is done", info.activity_type)
            return result
