"""The archive: copies what has closed into WallE, on a schedule."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.archive import ClosedLinks
    from workflows import policies
    from workflows.archive_inputs import ARCHIVE, Batch, BatchDone, Pass

_BATCH_TIMEOUT = timedelta(minutes=10)
_BATCH_HEARTBEAT = timedelta(seconds=30)


@workflow.defn(name=ARCHIVE)
class Archiving:
    """Stores every link that closed since the last time, in batches; then notes that it has."""

    @workflow.run
    async def run(self) -> Pass:
        """Return what was stored that had not been before."""
        done = Pass(began=workflow.now())
        batch: Batch | None = Batch()
        while batch is not None:
            stored: BatchDone = await workflow.execute_activity_method(
                ClosedLinks.archive,
                batch,
                start_to_close_timeout=_BATCH_TIMEOUT,
                heartbeat_timeout=_BATCH_HEARTBEAT,
                retry_policy=policies.RECORD_RETRY,
                summary=f"behind {done.links:,} links",
            )
            done = Pass(began=done.began, links=done.links + stored.links, events=done.events + stored.events)
            batch = Batch(token=stored.token) if stored.token else None
        await workflow.execute_activity_method(
            ClosedLinks.note,
            done,
            start_to_close_timeout=policies.RECORD_TIMEOUT,
            retry_policy=policies.RECORD_RETRY,
            summary="note how far it looked",
        )
        workflow.set_current_details(f"{done.links:,} links, {done.events:,} events")
        return done
