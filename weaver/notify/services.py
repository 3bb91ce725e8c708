"""Sends to Telegram, Discord, Slack and the others that Apprise knows."""

import logging
import re
from collections.abc import Mapping

from weaver.errors import BadInput, Unavailable
from weaver.notify.credentials import required
from weaver.notify.messages import Message

_CODE = re.compile(r"error[=: ]+(\d{3})\b")


class _Codes(logging.Handler):
    """Keeps of what Apprise logs the status code alone: the rest may hold tokens."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.code: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        found = _CODE.search(record.getMessage())
        self.code = found[1] if found else self.code


def send(name: str, message: Message, environment: Mapping[str, str]) -> None:
    """Send a message. Raises Unavailable when it was not taken, BadInput for an address that lacks or that Apprise does not know."""
    url = required(name, "URL", environment).get_secret_value()
    import apprise  # takes 0.3 s to load, and only this needs it

    logger = logging.getLogger("apprise")
    logger.propagate = False  # it names addresses with their tokens
    codes = _Codes()
    logger.addHandler(codes)
    try:
        notifier = apprise.Apprise(asset=apprise.AppriseAsset(app_id="Weaver", app_desc="Weaver", async_mode=False))
        if not notifier.add(url):
            raise BadInput(f"Apprise does not know the address of channel '{name}'; see its documentation of URLs.")
        if not notifier.notify(title=message.title, body=message.text, body_format=apprise.NotifyFormat.TEXT):
            raise Unavailable(f"The service of channel '{name}' did not take the message{f' ({codes.code})' if codes.code else ''}.")
    finally:
        logger.removeHandler(codes)
