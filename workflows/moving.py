"""How live workflows move to another build of the code: at the start of a link, never inside one.

A link is pinned to the build that it began with. Once another one is promoted, the server says so with each task, and the workflow
continues as new there at its next good moment. Without versions the server never says so, and nothing here changes anything.
"""

from typing import Any, NoReturn

from temporalio import workflow
from temporalio.workflow import ContinueAsNewVersioningBehavior

with workflow.unsafe.imports_passed_through():
    from workflows import policies


def is_to_move() -> bool:
    """Tell whether another build is the one to run on. Not in a link's first seconds: one that is held where it is by hand would go
    round and round."""
    info = workflow.info()
    return info.is_target_worker_deployment_version_changed() and workflow.now() - info.workflow_start_time >= policies.MOVES_AFTER


def next_link(given: Any) -> NoReturn:
    """Continue as new, on the build that is promoted then."""
    workflow.continue_as_new(given, initial_versioning_behavior=ContinueAsNewVersioningBehavior.AUTO_UPGRADE)
