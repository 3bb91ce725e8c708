"""Messages to servers on this machine: a webhook, a mail server, and a service by Apprise."""

import json
import logging
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.notify.events import an_event
from tests.notify.servers import mail_server, receiver
from weaver.errors import BadInput, Unavailable, Unusable
from weaver.notify.channels import Channel, EmailChannel, ServiceChannel, WebhookChannel
from weaver.notify.messages import Message, message_of
from weaver.notify.sending import lacking, send

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # by Apprise, which is done with it
SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB3ZWJob29r"
NO_SERVER = "http://127.0.0.1:9/s3cr3t"


def a_message() -> Message:
    return message_of("link-1", [an_event()])


def hook(url: str | None = None) -> WebhookChannel:
    return WebhookChannel(kind="webhook", url=url)


def mail(port: int) -> EmailChannel:
    return EmailChannel(kind="email", host="127.0.0.1", port=port, security="none", sender="me@example.com", recipients=["you@example.com"])


def test_a_webhooks_signature_is_what_the_standards_library_expects() -> None:
    with receiver() as server:
        send("ops", hook(server.url), a_message(), {"WEAVER_NOTIFY_OPS_SECRET": SECRET})

    (posted,) = server.taken
    assert Webhook(SECRET).verify(posted.body, posted.headers) == json.loads(a_message().body())
    assert posted.headers["webhook-id"] == posted.headers["idempotency-key"] == "link-1"
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(posted.body + b" ", posted.headers)


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 503])
def test_what_is_no_success_is_told_without_the_address(status: int) -> None:
    with receiver(status) as server, pytest.raises(Unavailable, match=str(status)) as problem:
        send("ops", hook(), a_message(), {"WEAVER_NOTIFY_OPS_URL": server.url + "/s3cr3t", "WEAVER_NOTIFY_OPS_SECRET": SECRET})

    assert "s3cr3t" not in str(problem.value)
    assert len(server.posted) == 1, "a redirect is not followed"


def test_a_webhook_that_is_not_there_is_told_without_its_address() -> None:
    with pytest.raises(Unavailable, match="Connection refused") as problem:
        send("ops", hook(), a_message(), {"WEAVER_NOTIFY_OPS_URL": NO_SERVER, "WEAVER_NOTIFY_OPS_SECRET": SECRET})
    assert "s3cr3t" not in str(problem.value)


def test_secrets_may_lie_in_files(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    with receiver() as server:
        send("on-call", hook(server.url), a_message(), {"WEAVER_NOTIFY_ON_CALL_SECRET_FILE": str(file)})

    Webhook(SECRET).verify(server.taken[0].body, server.taken[0].headers)


def test_a_secrets_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="WEAVER_NOTIFY_OPS_SECRET_FILE"):
        send("ops", hook("http://127.0.0.1:9/"), a_message(), {"WEAVER_NOTIFY_OPS_SECRET_FILE": str(tmp_path / "none")})


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")  # there is no TLS on this machine
def test_a_mail_says_what_happened_and_can_be_told_from_its_copy() -> None:
    with mail_server(user="me", password="pass") as server:
        environment = {"WEAVER_NOTIFY_MAIL_USER": "me", "WEAVER_NOTIFY_MAIL_PASSWORD": "pass"}
        send("mail", mail(server.port), a_message(), environment)
        send("mail", mail(server.port), a_message(), environment)

    first, second = server.mails
    assert first["Subject"] == "Weaver: Filled: buy 1 SIM/USD, at 99.5"
    assert "2026-03-02 12:00:01Z" in str(first.get_payload())
    assert first["Message-ID"] == second["Message-ID"] == "<link-1@weaver.example.com>"
    assert server.recipients == ["you@example.com"] * 2


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")  # there is no TLS on this machine
def test_a_mail_server_that_refuses_the_password_is_told_without_it() -> None:
    with mail_server(user="me", password="pass") as server, pytest.raises(Unavailable, match="refuses user and password") as problem:
        send("mail", mail(server.port), a_message(), {"WEAVER_NOTIFY_MAIL_USER": "me", "WEAVER_NOTIFY_MAIL_PASSWORD": "s3cr3t"})
    assert "s3cr3t" not in str(problem.value)


def test_mail_does_not_go_out_in_the_open_where_tls_was_asked_for() -> None:
    channel = EmailChannel(kind="email", host="127.0.0.1", sender="me@example.com", recipients=["you@example.com"])
    with mail_server() as server, pytest.raises(Unavailable):
        send("mail", channel.model_copy(update={"port": server.port}), a_message(), {})
    assert server.mails == []


def test_a_service_is_reached_by_apprise(caplog: pytest.LogCaptureFixture) -> None:
    with receiver(then=200) as server:
        address = server.url.replace("http://", "json://")
        send("phone", ServiceChannel(kind="apprise"), a_message(), {"WEAVER_NOTIFY_PHONE_URL": address})

    told = json.loads(server.taken[0].body)
    assert told["title"] == "Weaver: Filled: buy 1 SIM/USD, at 99.5"


def test_a_service_that_refuses_is_told_by_its_code_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with receiver(401) as server:
        environment = {"WEAVER_NOTIFY_PHONE_URL": server.url.replace("http://", "json://me:s3cr3t@")}
        with pytest.raises(Unavailable, match=r"\(401\)") as problem:
            send("phone", ServiceChannel(kind="apprise"), a_message(), environment)

    assert "s3cr3t" not in str(problem.value)
    assert "s3cr3t" not in caplog.text


def test_an_address_that_apprise_does_not_know_is_refused_without_it() -> None:
    with pytest.raises(BadInput, match="does not know the address") as problem:
        send("phone", ServiceChannel(kind="apprise"), a_message(), {"WEAVER_NOTIFY_PHONE_URL": "pigeon://s3cr3t"})
    assert "s3cr3t" not in str(problem.value)


@pytest.mark.parametrize(
    ("channel", "environment", "missing"),
    [
        (hook(), {}, ["URL", "SECRET"]),
        (hook("https://example.com"), {}, ["SECRET"]),
        (hook(), {"WEAVER_NOTIFY_OPS_URL": "https://example.com", "WEAVER_NOTIFY_OPS_SECRET": "x"}, []),
        (mail(25), {}, []),
        (mail(25), {"WEAVER_NOTIFY_OPS_USER": "me"}, ["PASSWORD"]),
        (ServiceChannel(kind="apprise"), {}, ["URL"]),
    ],
)
def test_what_lacks_is_named(channel: Channel, environment: dict[str, str], missing: list[str]) -> None:
    assert lacking("ops", channel, environment) == [f"WEAVER_NOTIFY_OPS_{name}" for name in missing]
