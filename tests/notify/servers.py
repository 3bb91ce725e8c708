"""Servers on this machine that take notifications: a webhook that may refuse at first, and a mail server."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message as Mail
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope

from cli.ports import free_ports


@dataclass(frozen=True)
class Posted:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Keeps what is posted. `answers` are the statuses of the next requests; after these `then`."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    then: int = 204
    posted: list[tuple[int, Posted]] = field(default_factory=list)

    @property
    def taken(self) -> list[Posted]:
        return [posted for status, posted in self.posted if status < 300]


@contextmanager
def receiver(*answers: int, then: int = 204) -> Iterator[Receiver]:
    found = Receiver(answers=list(answers), then=then)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # as http.server calls it
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = found.answers.pop(0) if found.answers else found.then
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
            found.posted.append((status, Posted(self.path, headers, body)))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as http.server calls it
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class MailServer:
    port: int
    mails: list[Mail] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)


@contextmanager
def mail_server(*, user: str = "", password: str = "") -> Iterator[MailServer]:
    """A mail server without TLS; with `user` only that one may send."""
    found = MailServer(free_ports(1)[0])

    class Handler:
        async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:  # noqa: N802  # as aiosmtpd calls it
            found.mails.append(message_from_bytes(bytes(envelope.content or b"")))
            found.recipients += envelope.rcpt_tos
            return "250 taken"

    def login(server: object, session: object, envelope: object, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (user.encode(), password.encode()), handled=False)

    options: dict[str, Any] = {"authenticator": login, "auth_required": True, "auth_require_tls": False} if user else {}
    controller = Controller(Handler(), hostname="127.0.0.1", port=found.port, **options)
    controller.start()
    try:
        yield found
    finally:
        controller.stop()
