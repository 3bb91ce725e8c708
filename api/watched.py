"""Numbers that alerts look at: runs without ticks, orders in doubt, accounts, the archive, notifications."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prometheus_client.core import GaugeMetricFamily, Metric

from api.deps import Parts
from weaver.glados.schedule import lateness_allowed, next_bar_end
from weaver.market import Timeframe
from weaver.walle.archive import Archived, ArchivePass
from weaver.walle.notifications import ChannelCount, Notifications
from weaver.walle.trading_model import AccountRecord
from weaver.walle.watching import Doubt, TickingRun, accounts_in_use, orders_in_doubt, ticking_runs

PATIENCE = timedelta(seconds=60)
"""A run is taken for stuck when its next tick is late by this, beyond what a bar may be late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What WallE said at `at`. `followed` is how far notifications have been noted, None where nobody follows."""

    at: datetime
    stuck: Sequence[tuple[TickingRun, timedelta]]
    doubts: Sequence[Doubt]
    accounts: Sequence[AccountRecord]
    in_use: set[str]
    archived: ArchivePass | None
    channels: Sequence[ChannelCount]
    followed: datetime | None

    def metrics(self) -> Iterator[Metric]:
        """Give the families, also those without a sample."""
        yield self._stuck_runs()
        yield self._doubtful_orders()
        yield from self._of_accounts()
        yield self._archive_lag()
        yield from self._of_notifications()

    def _stuck_runs(self) -> Metric:
        told = "How late the next tick of a run is, for runs that are late beyond what may be; they hang."
        family = GaugeMetricFamily("weaver_stuck_run_seconds", told, labels=["run", "mode"])
        for run, late in self.stuck:
            family.add_metric([run.id, run.mode], late.total_seconds())
        return family

    def _doubtful_orders(self) -> Metric:
        told = "For how long it has not been known whether the venue has an order."
        family = GaugeMetricFamily("weaver_order_in_doubt_seconds", told, labels=["order", "account"])
        for doubt in self.doubts:
            family.add_metric([doubt.order_id, doubt.account], self._age(doubt.since))
        return family

    def _of_accounts(self) -> Iterator[Metric]:
        labels = ["account", "mode"]
        connected = GaugeMetricFamily("weaver_account_connected", "1 while the venue's updates come in.", labels=labels)
        in_use = GaugeMetricFamily("weaver_account_in_use", "1 while a run trades on it or an order works.", labels=labels)
        killed = GaugeMetricFamily("weaver_account_killed", "1 while the kill switch is on.", labels=labels)
        drift = GaugeMetricFamily("weaver_account_drift", "Differences between WallE and the venue, at the last look.", labels=labels)
        age = GaugeMetricFamily("weaver_account_checked_age_seconds", "Time since the venue was last asked for money.", labels=labels)
        for account in self.accounts:
            named = [account.id, account.mode]
            connected.add_metric(named, account.connected)
            in_use.add_metric(named, account.id in self.in_use)
            killed.add_metric(named, account.killed)
            drift.add_metric(named, len(account.drift))
            if account.checked_at is not None:
                age.add_metric(named, self._age(account.checked_at))
        yield from (connected, in_use, killed, drift, age)

    def _archive_lag(self) -> Metric:
        family = GaugeMetricFamily("weaver_archive_lag_seconds", "Age of the newest closed history that is surely archived.")
        if self.archived is not None:
            family.add_metric([], self._age(self.archived.seen_until))
        return family

    def _of_notifications(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily("weaver_notifications_waiting", "Events that a channel has not been told of yet.", labels=["channel"])
        oldest = GaugeMetricFamily("weaver_notifications_oldest_seconds", "How long the oldest of them has waited.", labels=["channel"])
        failed = GaugeMetricFamily("weaver_notifications_failed", "Events given up in the last 30 days.", labels=["channel"])
        for channel in self.channels:
            waiting.add_metric([channel.channel], channel.waiting)
            oldest.add_metric([channel.channel], self._age(channel.oldest) if channel.oldest else 0)
            failed.add_metric([channel.channel], channel.failed)
        lag = GaugeMetricFamily("weaver_notifications_lag_seconds", "Age of the newest moment up to which all events are noted.")
        if self.followed is not None:
            lag.add_metric([], self._age(self.followed))
        yield from (waiting, oldest, failed, lag)

    def _age(self, since: datetime) -> float:
        return max(0.0, (self.at - since).total_seconds())


async def look_at(parts: Parts) -> Watched:
    """Ask WallE. Raises Unavailable, Unusable."""
    return await asyncio.to_thread(_look, parts)


def _look(parts: Parts) -> Watched:
    now = datetime.now(UTC)
    late = [(run, lateness(run, now)) for run in ticking_runs(parts.database)]
    notifications = Notifications(parts.database)
    return Watched(
        at=now,
        stuck=[(run, by) for run, by in late if by > lateness_allowed(Timeframe(run.timeframe)) + PATIENCE],
        doubts=orders_in_doubt(parts.database),
        accounts=parts.accounts.accounts(),
        in_use=accounts_in_use(parts.database),
        archived=Archived(parts.database).last_pass(),
        channels=notifications.counts(),
        followed=notifications.seen_until(),
    )


def lateness(run: TickingRun, now: datetime) -> timedelta:
    """Return how long ago a run's next bar ended; negative while it has not."""
    if not run.symbols:
        return timedelta(0)
    return now - next_bar_end(run.symbols, Timeframe(run.timeframe), run.last)
