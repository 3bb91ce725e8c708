"""Who can reach the API where it listens, and what it must ask of callers there."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from weaver.errors import BadInput, BadValue
from weaver.settings import Settings

SHORTEST_TOKEN = 16


def check_exposure(settings: Settings) -> None:
    """Raise BadInput unless the API may listen where it is told to: beyond this machine only with a token that cannot be guessed."""
    token = token_of(settings)
    if token is None and not is_loopback(settings.api_host):
        raise BadInput(
            f"The API is not served on {settings.api_host or 'every address'} without a token: whoever reaches it could trade. "
            "Set WEAVER_API_TOKEN to a secret, e.g. of: openssl rand -hex 24",
            field="WEAVER_API_TOKEN",
        )
    if token is not None and (len(token) < SHORTEST_TOKEN or not (token.isascii() and token.isprintable()) or " " in token):
        raise BadInput(
            f"WEAVER_API_TOKEN must have {SHORTEST_TOKEN} or more characters, printable ASCII without spaces. "
            "Make one, e.g. with: openssl rand -hex 24",
            field="WEAVER_API_TOKEN",
        )
    for origin in settings.cors_origins:
        if not _is_origin(origin):
            raise BadValue("WEAVER_API_CORS_ORIGINS", origin, "origins such as https://haro.example.com, each named")


def token_of(settings: Settings) -> str | None:
    """Return the token that callers must know; None when the API asks for none."""
    return settings.api_token.get_secret_value() if settings.api_token else None


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine's own, which nobody else reaches. Names that must be looked up are not."""
    name = host.strip("[]").lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761: never looked up elsewhere
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def is_address(host: str) -> bool:
    """Tell whether `host`, perhaps in brackets, is an IP address rather than a name."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def base_url(settings: Settings) -> str:
    """Return where a program on this machine finds the API."""
    everywhere = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}
    host = settings.api_host.strip("[]")
    shown = everywhere.get(host) or (f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{settings.api_port}/api/v1"


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and text == f"{parts.scheme}://{parts.netloc}" and "*" not in text
