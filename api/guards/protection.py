"""What stands between the network and the routes, in order: each request passes from the first to the last."""

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from api.correlation import HEADER
from api.dashboard import Dashboard
from api.guards.auth import API_KEY, Authentication, Gate
from api.guards.headers import SecurityHeaders
from api.guards.hosts import HostCheck, Hosts
from api.guards.limits import RateLimit, SizeLimit
from api.metrics import Metrics, Timing
from weaver.exposure import check_exposure, is_loopback
from weaver.settings import Settings

_MEGABYTE = 1_000_000


def protect(app: FastAPI, settings: Settings) -> None:
    """Add all of it to the application. What is added later stands before it: of that, let there be the correlation id alone.

    Raises BadInput for settings under which the API may not be served.
    """
    check_exposure(settings)
    app.state.gate = gate = Gate.of(settings)
    app.state.metrics = metrics = Metrics()
    origins = settings.cors_origins
    # `add_middleware` puts each before those added so far.
    app.add_middleware(Authentication, gate=gate, allowed_origins=origins)
    app.add_middleware(Dashboard, folder=settings.dashboard_folder)  # before any token is asked for, see there
    app.add_middleware(SizeLimit, upload_bytes=settings.api_upload_megabytes * _MEGABYTE)
    if not is_loopback(settings.api_host):
        app.add_middleware(RateLimit, per_minute=settings.api_requests_per_minute)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_credentials=True,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", API_KEY, HEADER],
            expose_headers=["Location", "Retry-After", HEADER],
        )
    app.add_middleware(HostCheck, hosts=Hosts.of(settings))
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Timing, metrics=metrics)
