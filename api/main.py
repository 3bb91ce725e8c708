"""Composes the application: its parts, its routes, what guards them, and how errors are answered."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.correlation import Correlation
from api.deps import Parts
from api.errors import answer_errors
from api.guards.protection import protect
from api.openapi import DESCRIPTION, TAGS, documented
from api.routes import account, codec, decisions, events, health, market, orders, results, runs, session, strategies
from api.tracing import telemetry
from weaver.settings import Settings

PREFIX = "/api/v1"


def create_app(settings: Settings) -> FastAPI:
    """Return the application. Its lifespan opens WallE and lets it go; Temporal is reached when it is first needed."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        parts = app.state.parts = Parts.open(settings)
        try:
            yield
        finally:
            await parts.close()

    app = FastAPI(
        title="Weaver",
        version="1",
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
        redoc_url=None,
        telemetry=telemetry(),
    )
    answer_errors(app)
    documented(app)
    for routes in (
        results,
        decisions,
        runs,
        events,
        orders,
        account,
        strategies,
        market,
        session,
        health,
        codec,
    ):  # results first: /runs/compare is no run
        app.include_router(routes.router, prefix=PREFIX)
    app.include_router(health.router, include_in_schema=False)  # at the root too, where scrapers look
    protect(app, settings)
    app.add_middleware(Correlation)  # the outermost, so it is added last
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
