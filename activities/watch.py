"""What a parent knows of one single-slot process, and when its strategy has taken too long."""

from activities.beacon import Beat, Ended, Ready, Report, Started, UserCode


class Watch:
    """Follows the reports of one process. Times are the parent's own, monotonic seconds; reads no clock.

    A strategy overruns when its code has run for `limit_seconds` without a step going by. Silence counts as
    standing still: code that holds the interpreter's lock silences the beacon too.
    """

    def __init__(self, limit_seconds: float) -> None:
        self.limit_seconds = limit_seconds
        self.work: Started | None = None
        self._since: float | None = None
        self._steps = 0

    def heard(self, report: Report, now: float) -> None:
        """Take in a report."""
        match report:
            case Ready():
                pass
            case Started():
                self.work, self._since, self._steps = report, None, 0
            case UserCode(running=running):
                self._since = now if running else None
            case Beat(steps=steps):
                if steps != self._steps and self._since is not None:
                    self._since = now
                self._steps = steps
            case Ended():
                self.work, self._since = None, None

    def forgive(self, seconds: float) -> None:
        """Take off time in which the parent itself was held up and could hear nothing."""
        if self._since is not None:
            self._since += seconds

    def has_overrun(self, now: float) -> bool:
        return self._since is not None and now - self._since > self.limit_seconds
