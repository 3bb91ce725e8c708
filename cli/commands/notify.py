"""`weaver notify ...`: which channels there are, what waits for them, and whether they work."""

import os
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.context import AsJson, has_records, read_settings
from cli.errors import RUN_ERROR
from cli.render import emit, say, seconds_text, show, table
from weaver.errors import WeaverError
from weaver.notify.channels import NOTEWORTHY, Channel, Channels
from weaver.notify.messages import trial_message
from weaver.notify.sending import lacking, send
from weaver.settings import Settings
from weaver.walle.database import Database
from weaver.walle.notifications import ChannelCount, Notifications


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="List notification channels and try them.", no_args_is_help=True)
    group.command("list")(list_channels)
    group.command("test")(try_channels)
    app.add_typer(group, name="notify")


def list_channels(as_json: AsJson = False) -> None:
    """List the channels of notify.toml, what each is told, what waits, and which variables lack in this terminal.

    Example: weaver notify list --json
    """
    settings = read_settings()
    channels = Channels.read(settings.notify_file)
    counts = {count.channel: count for count in _counts(settings)}
    names = sorted({*channels.by_name, *counts})
    if as_json:
        emit([_document(name, channels.by_name.get(name), counts.get(name)) for name in names])
        return
    if not names:
        show(f"No channels. Write some to {settings.notify_file}; docs/notifications.md says how.")
        return
    rows = [_row(name, channels.by_name.get(name), counts.get(name)) for name in names]
    table(["channel", "kind", "told of", "waiting", "delivered", "failed", "last delivered", "credentials"], rows, right=(3, 4, 5))
    for name in names:
        count = counts.get(name)
        if count and count.problem and (count.waiting or count.failed):
            say(f"{name}: {count.problem}")
    say("Try one: weaver notify test CHANNEL")


def try_channels(
    channel: Annotated[str | None, typer.Argument(help="All channels without it.", show_default=False)] = None, as_json: AsJson = False
) -> None:
    """Send a test message from this terminal, to one channel or to all; exit 1 when one does not take it.

    The worker has an environment of its own: what works here works there with the same variables.

    Example: weaver notify test ops
    """
    settings = read_settings()
    channels = Channels.read(settings.notify_file)
    wanted = [channel] if channel else sorted(channels.by_name)
    tried = [(name, _tried(name, channels[name])) for name in wanted]
    if as_json:
        emit([{"channel": name, "ok": problem is None, "problem": problem} for name, problem in tried])
    elif not tried:
        show(f"No channels. Write some to {settings.notify_file}; docs/notifications.md says how.")
    else:
        for name, problem in tried:
            show(f"{name}: taken" if problem is None else f"{name}: FAILS  {problem}", "" if problem is None else "bold red")
    if any(problem for _, problem in tried):
        raise typer.Exit(RUN_ERROR)


def _tried(name: str, channel: Channel) -> str | None:
    try:
        send(name, channel, trial_message(name, datetime.now(UTC)), os.environ)
    except WeaverError as problem:
        return str(problem)
    return None


def _counts(settings: Settings) -> list[ChannelCount]:
    if not has_records(settings):
        return []
    database = Database.open(settings.database_url)
    try:
        return Notifications(database).counts()
    finally:
        database.close()


def _document(name: str, channel: Channel | None, count: ChannelCount | None) -> dict[str, object]:
    told = channel.model_dump(mode="json") if channel else {"kind": None}
    return {
        "channel": name,
        **told,
        "missing": _lacking(name, channel),
        "waiting": count.waiting if count else 0,
        "delivered": count.delivered if count else 0,
        "failed": count.failed if count else 0,
        "problem": count.problem if count else None,
    }


def _row(name: str, channel: Channel | None, count: ChannelCount | None) -> list[str]:
    numbers = [f"{count.waiting:,}", f"{count.delivered:,}", f"{count.failed:,}"] if count else ["0", "0", "0"]
    missing = _lacking(name, channel)
    return [
        name,
        channel.kind if channel else "not in the file",
        _told(channel) if channel else "",
        *numbers,
        seconds_text(count.last_delivered) if count else "",
        f"missing: {', '.join(missing)}" if missing else "set",
    ]


def _told(channel: Channel) -> str:
    types = "what is noteworthy" if channel.types == list(NOTEWORTHY) else ", ".join(channel.types)
    filters = (("account", channel.accounts), ("run", channel.runs), ("strategy", channel.strategies), ("mode", channel.modes))
    return "; ".join([types, *(f"{name} {', '.join(chosen)}" for name, chosen in filters if chosen)])


def _lacking(name: str, channel: Channel | None) -> list[str]:
    try:
        return lacking(name, channel, os.environ) if channel else []
    except WeaverError as problem:
        return [str(problem)]
