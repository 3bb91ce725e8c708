"""Sends by a signed POST, as https://www.standardwebhooks.com says, so that receivers have libraries that check it.

Headers: `webhook-id` is the message's id, the same at each try; `webhook-timestamp` the time of the try in seconds since 1970;
`webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over `<id>.<timestamp>.<body>`.
"""

import base64
import binascii
import hashlib
import hmac
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from email.message import Message as Headers
from typing import IO

from pydantic import SecretStr

from weaver.errors import BadInput, Unavailable
from weaver.notify.channels import WebhookChannel
from weaver.notify.credentials import required
from weaver.notify.messages import Message

SECONDS = 15.0
_PREFIX = "whsec_"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST becomes a GET, which would be taken for delivered."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Headers, newurl: str
    ) -> urllib.request.Request | None:
        del req, fp, code, msg, headers, newurl
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def send(
    name: str, channel: WebhookChannel, message: Message, environment: Mapping[str, str], clock: Callable[[], float] = time.time
) -> None:
    """Send a message. Raises Unavailable when it was not taken, BadInput for credentials that lack or are none."""
    url = channel.url or required(name, "URL", environment).get_secret_value()
    signing_key = key(name, required(name, "SECRET", environment))
    body = message.body()
    headers = {"Content-Type": "application/json", "User-Agent": "Weaver", "webhook-id": message.id, "Idempotency-Key": message.id}
    headers["webhook-timestamp"] = str(int(clock()))
    headers["webhook-signature"] = signature(signing_key, message.id, headers["webhook-timestamp"], body)
    try:
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # the operator's own address
        with _opener.open(request, timeout=SECONDS) as answer:
            answer.read(1)
    except urllib.error.HTTPError as refusal:
        refusal.close()
        raise Unavailable(f"The webhook of channel '{name}' answered {refusal.code}.") from None
    except (OSError, http.client.HTTPException, ValueError) as problem:  # nothing of the address, which may be secret
        reason = problem.reason if isinstance(problem, urllib.error.URLError) else problem
        said = getattr(reason, "strerror", None) or type(reason).__name__
        raise Unavailable(f"The webhook of channel '{name}' cannot be reached: {said}.") from None


def key(name: str, secret: SecretStr) -> bytes:
    """Return the bytes to sign with: base64 after `whsec_`, or the text itself. Raises BadInput."""
    text = secret.get_secret_value()
    if not text.startswith(_PREFIX):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise BadInput(f"The secret of channel '{name}' begins with {_PREFIX} and is no base64 after it.") from None


def signature(signing_key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """Return the value of the header `webhook-signature`."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(signing_key, signed, hashlib.sha256).digest()).decode()}"
