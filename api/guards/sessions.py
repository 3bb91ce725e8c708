"""A browser's session: a signed text with its end in it, which every API process with the same token accepts."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

COOKIE = "weaver_session"


class Sessions:
    """Makes and reads the values of the session cookie; `<end in seconds since 1970>.<random>.<signature>`.

    Nothing is stored, so a session ends at its time or when the token is changed; a browser that signs out only forgets it.
    """

    def __init__(self, token: str, *, seconds: int, clock: Callable[[], float] = time.time) -> None:
        self.seconds = seconds
        self._clock = clock
        # Slow on purpose: whoever gets hold of a cookie must not be able to try out tokens on it at leisure.
        self._key = hashlib.scrypt(token.encode(), salt=b"weaver browser session", n=2**14, r=8, p=1, dklen=32)

    def issue(self) -> tuple[str, int]:
        """Return the value of a new session and its end, in seconds since 1970."""
        ends_at = int(self._clock()) + self.seconds
        said = f"{ends_at}.{secrets.token_hex(8)}"
        return f"{said}.{self._signed(said)}", ends_at

    def holds(self, value: str) -> bool:
        """Tell whether a value was issued under this token and is not over."""
        said, _, signature = value.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signed(said).encode()):
            return False
        return int(said.partition(".")[0]) > self._clock()

    def _signed(self, said: str) -> str:
        return hmac.new(self._key, said.encode(), hashlib.sha256).hexdigest()
