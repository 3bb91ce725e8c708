"""What workflows see of the backtest activities is what is there."""

from inspect import get_annotations, getmembers, isfunction

from activities.backtests import Backtests
from activities.steps import BacktestSteps


def test_each_step_is_done_under_its_name_and_with_its_types() -> None:
    steps = getmembers(BacktestSteps, isfunction)
    assert [name for name, _ in steps] == ["finish", "resolve", "window"]
    for name, step in steps:
        done = getattr(Backtests, name)
        assert done is not step
        assert get_annotations(done) == get_annotations(step)
        defined = [function.__temporal_activity_definition.name for function in (step, done)]
        assert defined[0] == defined[1]
