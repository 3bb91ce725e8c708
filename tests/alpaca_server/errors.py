"""What the venue refuses, in Alpaca's words."""

from typing import Any


class ApiError(Exception):
    """A refusal with its HTTP status, Alpaca's code (absent on the data host) and further fields of the body."""

    def __init__(self, status: int, code: int | None, message: str, **extra: Any) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """Return the JSON body: code, message, then what the cause adds."""
        return {**({} if self.code is None else {"code": self.code}), "message": self.message, **self.extra}


def unauthorized() -> ApiError:
    """Return what the trading host says to unknown keys."""
    return ApiError(401, 40110000, "request is not authorized")


def forbidden() -> ApiError:
    """Return what the data host says to unknown keys: no code."""
    return ApiError(403, None, "forbidden.")


def malformed(message: str) -> ApiError:
    """Return a refusal of a body that cannot be read, or asks for two things at once."""
    return ApiError(400, 40010000, message)


def invalid(message: str) -> ApiError:
    """Return a refusal of a missing or unreadable field."""
    return ApiError(422, 40010001, message)


def broken(message: str) -> ApiError:
    """Return a refusal by a trading rule."""
    return ApiError(422, 42210000, message)


def not_permitted(message: str, **extra: Any) -> ApiError:
    """Return a refusal for lack of money, shares or permission."""
    return ApiError(403, 40310000, message, **extra)


def not_found(message: str) -> ApiError:
    """Return that an order, position or asset does not exist."""
    return ApiError(404, 40410000, message)
