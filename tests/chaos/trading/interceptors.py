"""Kills the process around activities, and where a workflow continues as new."""

import re
from typing import Any, NoReturn

from temporalio import activity, workflow
from temporalio.worker import (
    ActivityInboundInterceptor,
    ContinueAsNewInput,
    ExecuteActivityInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from tests.chaos.trading.points import Deaths, die_at

AMENDED = re.compile(r"\.r\d+$")


class Killing(Interceptor):
    """Kills where a death is granted."""

    def __init__(self, deaths: Deaths) -> None:
        self._deaths = deaths

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Activities(next, self._deaths)

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
        deaths = self._deaths

        class Inbound(WorkflowInboundInterceptor):
            def init(self, outbound: WorkflowOutboundInterceptor) -> None:
                super().init(_Outbound(outbound, deaths))

        return Inbound


class _Activities(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, deaths: Deaths) -> None:
        super().__init__(next)
        self._deaths = deaths

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        match activity.info().activity_type:
            case "admit_orders":
                is_amended = any(AMENDED.search(wish.request.client_order_id) for wish in input.args[0].wishes)
                die_at(self._deaths, "in amend" if is_amended else "before persist")
                result = await super().execute_activity(input)
                die_at(self._deaths, "in amend" if is_amended else "after persist")
                return result
            case "submit_order":
                result = await super().execute_activity(input)
                is_amended = AMENDED.search(input.args[0].order_id)
                die_at(self._deaths, "in amend" if is_amended else "before the result is recorded")
                return result
            case "cancel_order":
                die_at(self._deaths, "in cancel")
                result = await super().execute_activity(input)
                die_at(self._deaths, "in cancel")
                return result
            case _:
                return await super().execute_activity(input)


class _Outbound(WorkflowOutboundInterceptor):
    def __init__(self, next: WorkflowOutboundInterceptor, deaths: Deaths) -> None:
        super().__init__(next)
        self._deaths = deaths

    def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:
        with workflow.unsafe.sandbox_unrestricted():
            die_at(self._deaths, "in continue-as-new")
        super().continue_as_new(input)
