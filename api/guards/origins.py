"""Tells writes that a page of another origin had a browser send (cross-site request forgery) from those that were meant.

Browsers say where a request comes from, in Sec-Fetch-Site (which no page can set) or at least in Origin; programs say nothing.
"""

from collections.abc import Collection

from starlette.datastructures import Headers

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_forged(headers: Headers, *, allowed_origins: Collection[str], from_browser: bool) -> bool:
    """Tell whether a write may not be obeyed.

    `from_browser` says that a cookie authenticates it: a browser then names an origin, so one that names none is not obeyed. Without
    it only what a browser names counts, so that programs are let through also where no token is asked for.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and origin in allowed_origins:
        return False
    if site is not None:
        return site not in ("same-origin", "none")
    if origin is not None:
        return not _is_same(origin, headers.get("host", ""))
    return from_browser


def _is_same(origin: str, host: str) -> bool:
    """Compare by host and port. Not by scheme: behind a proxy that ends TLS the server does not know it."""
    scheme, _, place = origin.lower().partition("://")
    usual = {"http": ":80", "https": ":443"}.get(scheme)
    if usual is None:
        return False  # `null`, of a sandboxed page or a file
    return place.removesuffix(usual) == host.lower().removesuffix(usual)
