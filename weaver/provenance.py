"""Where a result comes from: everything that it follows from, under fixed names."""

from collections.abc import Mapping
from typing import Any

from weaver.glados.requests import RunCreate
from weaver.greta.engine import ENGINE_VERSION

_ASKED = ("symbols", "timeframe", "start", "end", "cash", "fractional", "allow_short", "leverage")


def provenance(request: RunCreate, *, strategy: str, sha256: str, params: Mapping[str, Any], fingerprint: str) -> dict[str, Any]:
    """Return what a result follows from, as JSON values: the same provenance gives the same digest.

    `params` are the checked parameters as JSON values, `fingerprint` is that of the bars, warm-up included.
    """
    asked = request.model_dump(mode="json")
    return {
        "strategy": strategy,
        "strategy_sha256": sha256,
        "params": dict(params),
        "data_fingerprint": fingerprint,
        "engine_version": ENGINE_VERSION,
        "costs": {name: value for name, value in asked["costs"].items() if value is not None},
        **{name: asked[name] for name in _ASKED},
    }
