"""Sends a message by a channel of whatever kind."""

from collections.abc import Mapping

from weaver.notify import mail, services, webhook
from weaver.notify.channels import Channel, EmailChannel, ServiceChannel, WebhookChannel
from weaver.notify.credentials import find, variable
from weaver.notify.messages import Message


def send(name: str, channel: Channel, message: Message, environment: Mapping[str, str]) -> None:
    """Send a message; blocks some seconds at most.

    Raises Unavailable when it was not taken; BadInput, Unusable for credentials that lack or do not fit. No error holds any of them.
    """
    match channel:
        case WebhookChannel():
            webhook.send(name, channel, message, environment)
        case EmailChannel():
            mail.send(name, channel, message, environment)
        case ServiceChannel():
            services.send(name, message, environment)


def lacking(name: str, channel: Channel, environment: Mapping[str, str]) -> list[str]:
    """Return the variables that a channel needs and the environment lacks. Raises Unusable for a secret's file that cannot be read."""
    match channel:
        case WebhookChannel():
            wanted = ["SECRET"] if channel.url else ["URL", "SECRET"]
        case EmailChannel():
            wanted = ["PASSWORD"] if find(name, "USER", environment) else []
        case ServiceChannel():
            wanted = ["URL"]
    return [variable(name, credential) for credential in wanted if find(name, credential, environment) is None]
