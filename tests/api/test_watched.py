"""What alerts look at, as /metrics says it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.watched import PATIENCE, lateness
from tests.api.guards.guarded import asking, guarded
from tests.api.test_health import samples
from tests.notify.events import an_event
from tests.walle.records import a_run
from tests.walle.trading import PAPER, admit, wanted
from weaver.glados.runs import RunStatus
from weaver.walle.accounts import Accounts
from weaver.walle.archive import Archived, ArchivePass
from weaver.walle.database import Database
from weaver.walle.decisions import Decisions
from weaver.walle.notifications import Notifications
from weaver.walle.orders import Orders
from weaver.walle.records import Records
from weaver.walle.trading_model import Difference
from weaver.walle.watching import TickingRun

FRIDAY_NIGHT = datetime(2026, 3, 6, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("symbol", "timeframe", "now", "late"),
    [
        ("SIM/USD", "1m", FRIDAY_NIGHT + timedelta(seconds=30), timedelta(seconds=-30)),
        ("SIM/USD", "1m", FRIDAY_NIGHT + timedelta(minutes=5), timedelta(minutes=4)),
        ("AAPL", "1h", FRIDAY_NIGHT + timedelta(days=2), timedelta(days=2, hours=23) - timedelta(days=3, hours=14)),
    ],
)
def test_a_run_is_late_by_its_calendar(symbol: str, timeframe: str, now: datetime, late: timedelta) -> None:
    run = TickingRun(id="first", mode="paper", symbols=(symbol,), timeframe=timeframe, last=FRIDAY_NIGHT)

    assert lateness(run, now) == late


async def test_the_numbers_tell_what_a_person_must_look_at(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    app = guarded(tmp_path)
    database = Database.open(f"sqlite:///{tmp_path / 'walle.db'}")
    records = Records(database)
    for run_id, ago in (("stuck", PATIENCE + timedelta(minutes=9)), ("well", timedelta(seconds=20))):
        records.register_run(a_run(run_id, mode="live", status=RunStatus.PENDING, symbols=("SIM/USD",), timeframe="1m", created_at=now))
        records.set_status(run_id, RunStatus.RUNNING, at=now)
        Decisions(database).skip(run_id, [now - ago], "no bar")
    orders = Orders(database)
    admit(orders, wanted("o-1"), at=now - timedelta(minutes=6))
    orders.sending("o-1", at=now - timedelta(minutes=6))
    orders.doubt("o-1", reason="time-out", at=now - timedelta(minutes=5))
    Accounts(database).drift(PAPER, [Difference(kind="position", symbol="AAPL", ours="1", theirs="2")], now)
    Accounts(database).kill(PAPER, "odd", now)
    Archived(database).passed(ArchivePass(seen_until=now - timedelta(hours=1), finished_at=now, links=0, events=0))
    notifications = Notifications(database)
    notifications.note([("ops", an_event())], now - timedelta(minutes=3))
    notifications.saw(now - timedelta(minutes=4))
    database.close()

    async with asking(app) as client:
        text = (await client.get("/metrics")).text

    assert set(samples(text, "weaver_stuck_run_seconds")) == {("live", "stuck")}
    assert samples(text, "weaver_stuck_run_seconds")["live", "stuck"] == pytest.approx(540, abs=70)
    assert samples(text, "weaver_order_in_doubt_seconds")[PAPER, "o-1"] == pytest.approx(300, abs=20)
    for name, value in {"killed": 1, "drift": 1, "connected": 0, "in_use": 1}.items():
        assert samples(text, f"weaver_account_{name}") == {(PAPER, "paper"): value}
    assert samples(text, "weaver_archive_lag_seconds")[()] == pytest.approx(3_600, abs=20)
    assert samples(text, "weaver_notifications_waiting") == {("ops",): 1}
    assert samples(text, "weaver_notifications_oldest_seconds")["ops",] == pytest.approx(180, abs=20)
    assert samples(text, "weaver_notifications_lag_seconds")[()] == pytest.approx(240, abs=20)
