"""The file of channels: what it may say, and which events get through."""

from pathlib import Path

import pytest

from weaver.errors import BadInput, UnknownName
from weaver.notify.channels import About, Channels, EmailChannel

PAPER = About(account="alpaca-paper", run_id="first", strategy="sma-cross", mode="paper")


def read(tmp_path: Path, text: str) -> Channels:
    file = tmp_path / "notify.toml"
    file.write_text(text)
    return Channels.read(file)


def one(tmp_path: Path, *lines: str) -> Channels:
    return read(tmp_path, "\n".join(['[channels.ops]\nkind = "webhook"\nurl = "https://example.com/hook"', *lines]))


def test_no_file_means_no_channels(tmp_path: Path) -> None:
    assert Channels.read(tmp_path / "notify.toml").by_name == {}


def test_a_channel_hears_of_what_is_noteworthy_in_trading(tmp_path: Path) -> None:
    channels = one(tmp_path)

    heard = [kind for kind in ("orders.Filled", "orders.Created", "clock.Tick", "run.Error") if channels.wanting(kind, PAPER)]
    assert heard == ["orders.Filled", "run.Error"]
    assert channels.wanting("run.Completed", About(run_id="many", mode="backtest")) == []
    assert channels.wanting("account.Killed", About(account="alpaca-live", mode="live")) == ["ops"]


@pytest.mark.parametrize(
    ("line", "is_wanted"),
    [
        ('types = ["orders.*"]', True),
        ('types = ["run.Error"]', False),
        ('accounts = ["alpaca-*"]', True),
        ('accounts = ["alpaca-live"]', False),
        ('runs = ["fir?t"]', True),
        ('runs = ["second"]', False),
        ('strategies = ["sma-cross"]', True),
        ('strategies = ["other"]', False),
        ('modes = ["live"]', False),
    ],
)
def test_filters_let_through_what_fits_all_of_them(tmp_path: Path, line: str, is_wanted: bool) -> None:
    assert one(tmp_path, line).wanting("orders.Filled", PAPER) == (["ops"] if is_wanted else [])


def test_an_event_of_which_nothing_is_known_fits_no_filter_by_it(tmp_path: Path) -> None:
    assert one(tmp_path, 'accounts = ["alpaca-live"]').wanting("run.Error", About(mode="paper")) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[channels.ops", "no TOML"),
        ('[channels.ops]\nkind = "pigeon"', "ops"),
        ('[channels.Ops]\nkind = "apprise"', "Ops"),
        ('[channels.ops]\nkind = "apprise"\nurl = "tgram://s3cr3t/1"', "credentials belong into the environment"),
        ('[channels.ops]\nkind = "webhook"\nsecret = "s3cr3t"', "credentials belong into the environment"),
        ('[channels.ops]\nkind = "webhook"\nurl = "https://me:s3cr3t@example.com"', "may be secret"),
        ('[channels.ops]\nkind = "webhook"\nurl = "https://example.com/?key=s3cr3t"', "may be secret"),
        ('[channels.ops]\nkind = "webhook"\nurl = "ftp://example.com"', "must begin with https"),
        ('[channels.ops]\nkind = "webhook"\ntypes = ["orders.Filed"]', "no event's type is like 'orders.Filed'"),
        ('[channels.ops]\nkind = "webhook"\nmost_a_minute = 0', "most_a_minute"),
        ('[channels.ops]\nkind = "email"\nhost = "x"\nsender = "me"\nrecipients = ["you@example.com"]', "sender"),
        ('[channels.ops]\nkind = "email"\nhost = "x"\nsender = "a@b.c"\nrecipients = []', "recipients"),
    ],
)
def test_what_is_wrong_is_named_and_no_secret_repeated(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInput) as problem:
        read(tmp_path, text)

    assert said in str(problem.value)
    assert "s3cr3t" not in str(problem.value)


def test_an_unknown_channel_offers_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'ops'"):
        one(tmp_path)["opps"]


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_mail_goes_to_the_port_that_is_usual(tmp_path: Path, security: str, port: int) -> None:
    text = f'[channels.mail]\nkind = "email"\nhost = "x"\nsecurity = "{security}"\nsender = "a@b.c"\nrecipients = ["d@e.f"]'

    channel = read(tmp_path, text)["mail"]
    assert isinstance(channel, EmailChannel)
    assert channel.port_used == port
