"""Sends by SMTP."""

import smtplib
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from weaver.errors import Unavailable
from weaver.notify.channels import EmailChannel
from weaver.notify.credentials import find, required
from weaver.notify.messages import Message

SECONDS = 20.0


def send(name: str, channel: EmailChannel, message: Message, environment: Mapping[str, str]) -> None:
    """Send a message. Raises Unavailable when it was not taken, BadInput for a password that lacks."""
    user = find(name, "USER", environment)
    password = required(name, "PASSWORD", environment) if user else None
    try:
        with _connected(channel) as server:
            if user and password:
                server.login(user.get_secret_value(), password.get_secret_value())
            server.send_message(written(channel, message))
    except smtplib.SMTPAuthenticationError as problem:  # some servers repeat what they were sent
        raise Unavailable(f"The mail server of channel '{name}' refuses user and password ({problem.smtp_code}).") from None
    except smtplib.SMTPResponseException as problem:
        raise Unavailable(f"The mail server of channel '{name}' answered {problem.smtp_code}.") from None
    except smtplib.SMTPRecipientsRefused as problem:
        codes = sorted({code for code, _ in problem.recipients.values()})
        raise Unavailable(f"The mail server of channel '{name}' takes none of its recipients ({', '.join(map(str, codes))}).") from None
    except (OSError, smtplib.SMTPException) as problem:
        said = getattr(problem, "strerror", None) or type(problem).__name__
        raise Unavailable(f"The mail server of channel '{name}' cannot be reached: {said}.") from None


def written(channel: EmailChannel, message: Message) -> EmailMessage:
    """Return the mail. Its Message-ID is the message's, by which a second copy of it can be told."""
    mail = EmailMessage()
    mail["From"] = channel.sender
    mail["To"] = ", ".join(channel.recipients)
    mail["Subject"] = " ".join(message.title.split())[:200]
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{message.id}@weaver.{channel.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    return mail


def _connected(channel: EmailChannel) -> smtplib.SMTP:
    if channel.security == "tls":
        return smtplib.SMTP_SSL(channel.host, channel.port_used, timeout=SECONDS, context=ssl.create_default_context())
    server = smtplib.SMTP(channel.host, channel.port_used, timeout=SECONDS)
    if channel.security == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:  # a cancellation too: the connection would stay open; it goes on
            server.close()
            raise
    return server
