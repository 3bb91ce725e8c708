"""What a process does when one of its workers can go on no more."""

import logging

from workflows.leaving import leave

logger = logging.getLogger(__name__)


async def end_process(problem: BaseException) -> None:
    """End this process at once, as if it was killed: whoever watches over it starts it again, and what it did is taken up.

    A worker that fails takes no more tasks, but it waits for its activities before it says so, and does not cancel them: one that
    follows a venue's updates never ends, and the process would stay, alive and idle.
    """
    reason = problem.__cause__ or problem
    logger.critical("a worker failed, and this process ends: %s: %s", type(reason).__name__, reason)
    leave(1)
