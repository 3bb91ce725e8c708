"""What goes in and out of the workflows that notify."""

from pydantic import Field

from workflows.message import Message

NOTIFIER, DELIVERY = "Notifier", "Delivery"
NOTIFY_QUEUE = "weaver-notify"
"""Served only by workers that have channels, so that the others take nothing that they cannot do."""
NOTIFIER_ID = "weaver-notifier"


def delivery_id(channel: str) -> str:
    """Return the id of the workflow that delivers to a channel."""
    return f"notify-{channel}"


class ChannelTask(Message):
    """A channel by its name; its address and its secrets are looked up where it is used."""

    channel: str


class DeliveryPlan(Message):
    """The messages to be sent, in order, or how long to wait before there are any. Neither: nothing waits."""

    messages: list[str] = Field(default_factory=list)
    wait_seconds: float | None = None


class MessageTask(Message):
    """A message of a channel."""

    channel: str
    message: str
