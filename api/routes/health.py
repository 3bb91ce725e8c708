"""Is it alive, is it ready, and its numbers."""

from typing import Annotated, Literal, cast

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from pydantic import BaseModel

from api.deps import PartsDep
from api.metrics import Metrics
from api.problems import problem, problems
from api.readiness import Readiness, look

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


def _metrics(request: Request) -> Metrics:
    return cast(Metrics, request.app.state.metrics)


@router.get("/health", response_model=Health, summary="Is the process alive?")
async def health() -> Health:
    """Answer. It asks nobody else and needs no token: whoever restarts dead processes may ask it all the time."""
    return Health()


@router.get("/ready", response_model=Readiness, summary="Can it do its work?", responses=problems(503))
async def ready(parts: PartsDep) -> Response | Readiness:
    """Return each part with its state and reason: Temporal, WallE, the queues' workers, adapters' connections, the archive.

    503 when a part is `failing`, with the same `parts`. A `degraded` part (an account that is not connected, an archive that is late)
    keeps no request from being served.
    """
    found = await look(parts)
    if found.state != "failing":
        return found
    failing = "; ".join(f"{part.name}: {part.reason.rstrip('.')}" for part in found.parts if part.state == "failing")
    return problem(503, "not_ready", f"Not ready: {failing}.", more=found.model_dump(mode="json"))


@router.get(
    "/metrics",
    response_class=Response,
    summary="Numbers for Prometheus",
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text format"}},
)
async def metrics(parts: PartsDep, counted: Annotated[Metrics, Depends(_metrics)]) -> Response:
    """Return this process's numbers, and those of WallE and Temporal as of the last seconds."""
    return Response(await counted.text(parts), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})
