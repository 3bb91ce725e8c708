"""How workflows are kept deterministic where they run."""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

_OURS = ("workflows", "weaver", "activities")


def workflow_runner() -> SandboxedWorkflowRunner:
    """Return Temporal's sandbox with Weaver's own modules passed through.

    The stock sandbox imports a workflow's modules anew for each workflow: some 40 ms for every order, and again whenever one is read
    from its history. What that guards against (clocks, randomness, files, state that workflows share) is kept out of these modules by
    tests instead: they are read for it, and every recorded history is replayed in the stock sandbox.
    """
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*_OURS))
