"""The activities of a backtest as a workflow sees them: names, inputs and results.

Apart from their code, because that loads the engine, bars and Parquet, which the process of the workflows never uses.
"""

from temporalio import activity

from workflows.inputs import Finished, FinishTask, Resolved, ResolveTask, WindowDone, WindowTask

RESOLVE, WINDOW, FINISH = "resolve_backtest", "replay_window", "finish_backtest"


class BacktestSteps:
    """What `Backtests` does."""

    @activity.defn(name=RESOLVE)
    def resolve(self, task: ResolveTask) -> Resolved:
        """Pin the strategy's text, its parameters and the bars. Fails for whatever the request names that is not there."""
        raise NotImplementedError

    @activity.defn(name=WINDOW)
    def window(self, task: WindowTask) -> WindowDone:
        """Replay one window and store what it wrote. Its output follows from (run, window) alone, so a repeat is harmless."""
        raise NotImplementedError

    @activity.defn(name=FINISH)
    def finish(self, task: FinishTask) -> Finished:
        """Sum all windows up and store the result."""
        raise NotImplementedError
