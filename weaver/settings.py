"""What the environment says, read once."""

import json
import os
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from weaver.glados.risk import LIVE_LIMITS, PAPER_LIMITS, RiskLimits


class Settings(BaseSettings):
    """Weaver's settings; each field is `WEAVER_<NAME>` in the environment."""

    model_config = SettingsConfigDict(env_prefix="WEAVER_", extra="ignore")

    home: Path = Field(default=Path(".weaver"), description="folder of Temporal's file, WallE's database, bars and results")
    db_url: str | None = Field(default=None, description="SQLAlchemy URL of WallE; default SQLite in the home")
    bars_url: str | None = Field(default=None, description="folder or object-store URL of the bar catalogue; default in the home")
    results_url: str | None = Field(default=None, description="folder or object-store URL of per-window results; default in the home")
    plugins: str = Field(default="", description=f"folders with strategies, separated by '{os.pathsep}', besides plugins/strategies")
    temporal_address: str | None = Field(default=None, description="host:port of a Temporal server; default the embedded one")
    temporal_namespace: str = "default"
    step_limit_seconds: float = Field(default=30.0, gt=0, description="longest that a strategy may take for one step")
    adapters: str = Field(default="", description=f"folders with adapters, separated by '{os.pathsep}', besides plugins/adapters")
    arm_live: Literal["yes", ""] = Field(default="", description="yes: this worker may trade with real money")
    paper_risk: RiskLimits = Field(default=PAPER_LIMITS, description="limits of paper accounts as JSON; none by default")
    live_risk: RiskLimits = Field(
        default=LIVE_LIMITS, description="limits of live accounts as JSON, beside the small ones that hold unless said otherwise"
    )
    marvin_slots: int | None = Field(default=None, ge=1, description="processes that decide; default one per core")
    greta_slots: int | None = Field(default=None, ge=1, description="backtest processes of a worker; default one per core")

    @field_validator("live_risk", mode="before")
    @classmethod
    def _beside_the_usual(cls, given: object) -> object:
        """Take limits for live accounts beside the usual ones: what is not named stays, null lifts it."""
        if isinstance(given, str):
            given = json.loads(given)
        return LIVE_LIMITS.model_dump() | given if isinstance(given, dict) else given

    @property
    def home_path(self) -> Path:
        return self.home.expanduser().absolute()

    @property
    def database_url(self) -> str:
        return self.db_url or f"sqlite:///{self.home_path / 'walle.db'}"

    @property
    def bars_location(self) -> str:
        return self.bars_url or str(self.home_path / "bars")

    @property
    def results_location(self) -> str:
        return self.results_url or str(self.home_path / "results")

    @property
    def strategy_folders(self) -> list[Path]:
        """Folders of drop-in strategies, in order of precedence of listing."""
        named = [Path(folder).expanduser() for folder in self.plugins.split(os.pathsep) if folder]
        return [Path("plugins/strategies"), *named]

    @property
    def adapter_folders(self) -> list[Path]:
        """Folders of drop-in adapters, in order of precedence of listing."""
        named = [Path(folder).expanduser() for folder in self.adapters.split(os.pathsep) if folder]
        return [Path("plugins/adapters"), *named]
