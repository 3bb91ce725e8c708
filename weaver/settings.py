"""What the environment says, read once."""

import json
import os
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from weaver.build import code_digest
from weaver.environment import FILE, Environment
from weaver.errors import BadValue
from weaver.glados.risk import LIVE_LIMITS, PAPER_LIMITS, RiskLimits

BUILD_DASHBOARD = "make haro"


PREFIX = "WEAVER_"


class Settings(BaseSettings):
    """Weaver's settings; each field is `WEAVER_<NAME>` in the environment, or the text of the file that `WEAVER_<NAME>_FILE` names."""

    # An empty variable is none: compose files set those that are not given to nothing.
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore")

    home: Path = Field(default=Path(".weaver"), description="folder of Temporal's file, WallE's database, bars and results")
    db_url: str | None = Field(default=None, description="SQLAlchemy URL of WallE; default SQLite in the home")
    db_password: SecretStr | None = Field(default=None, description="password for db_url, where that has none")
    bars_url: str | None = Field(default=None, description="folder or object-store URL of the bar catalogue; default in the home")
    results_url: str | None = Field(default=None, description="folder or object-store URL of per-window results; default in the home")
    plugins: str = Field(default="", description=f"folders with strategies, separated by '{os.pathsep}', besides plugins/strategies")
    temporal_address: str | None = Field(default=None, description="host:port of a Temporal server; default the embedded one")
    temporal_namespace: str = "default"
    versioning: Literal["off", "pinned"] = Field(
        default="off", description="pinned: workers are of a build, runs keep to the build that they began with until they may move on"
    )
    build_id: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9._-]{1,64}$", description="name of the installed code; default a digest of it"
    )
    venue_orders_per_second: float | None = Field(
        default=None, ge=1, description="most that is asked of an account's venue about orders, by all workers together"
    )
    venue_reads_per_second: float | None = Field(
        default=None, ge=1, description="most that is read from an account's venue, bars above all, by all workers together"
    )
    step_limit_seconds: float = Field(default=30.0, gt=0, description="longest that a strategy may take for one step")
    adapters: str = Field(default="", description=f"folders with adapters, separated by '{os.pathsep}', besides plugins/adapters")
    arm_live: Literal["yes", ""] = Field(default="", description="yes: this worker may trade with real money")
    paper_risk: RiskLimits = Field(default=PAPER_LIMITS, description="limits of paper accounts as JSON; none by default")
    live_risk: RiskLimits = Field(
        default=LIVE_LIMITS, description="limits of live accounts as JSON, beside the small ones that hold unless said otherwise"
    )
    marvin_slots: int | None = Field(default=None, ge=1, description="processes that decide; default one per core")
    greta_slots: int | None = Field(default=None, ge=1, description="backtest processes of a worker; default one per core")
    worker_metrics: str | None = Field(
        default=None,
        description="address:port where the worker gives Prometheus numbers, and at the next port its accounts process; default off",
    )
    temporal_ui_url: str | None = Field(
        default=None, description="address of the Temporal UI, such as http://127.0.0.1:8233, for links to runs"
    )
    log: Literal["text", "json"] = Field(default="text", description="how processes log: lines of text, or one JSON object a line")
    notify: Path | None = Field(default=None, description="file of notification channels; default notify.toml in the home")
    api_host: str = Field(default="127.0.0.1", description="address that the API listens on; any but this machine's own needs api_token")
    api_port: int = Field(default=8000, ge=1, le=65_535, description="port that the API listens on")
    api_token: SecretStr | None = Field(default=None, description="what callers of the API must know, at least 16 characters")
    api_allowed_hosts: str = Field(
        default="",
        description="names in the Host header that are served besides the own ones, separated by commas; *.example.com for all below",
    )
    api_cors_origins: str = Field(
        default="", description="origins whose pages may call the API, separated by commas, such as https://haro.example.com"
    )
    api_trusted_proxies: str = Field(
        default="", description="addresses of proxies whose X-Forwarded-For and -Proto count, separated by commas"
    )
    api_requests_per_minute: int = Field(
        default=1_200, ge=1, description="most requests of one address, where the API listens beyond this machine"
    )
    api_upload_megabytes: int = Field(default=512, ge=1, description="largest file of bars that the API takes")
    api_session_hours: float = Field(default=12.0, gt=0, le=720, description="how long a browser's session lasts")

    haro: Path | None = Field(default=None, description="folder of the built dashboard; default haro/dist beside the code")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, _Files(settings_cls)

    @field_validator("live_risk", mode="before")
    @classmethod
    def _beside_the_usual(cls, given: object) -> object:
        """Take limits for live accounts beside the usual ones: what is not named stays, null lifts it."""
        if isinstance(given, str):
            given = json.loads(given)
        return LIVE_LIMITS.model_dump() | given if isinstance(given, dict) else given

    @field_validator("api_host")
    @classmethod
    def _without_brackets(cls, given: str) -> str:
        return given.strip().removeprefix("[").removesuffix("]")

    @property
    def home_path(self) -> Path:
        return self.home.expanduser().absolute()

    @property
    def build(self) -> str:
        """The name of the installed code."""
        return self.build_id or code_digest()

    @property
    def database_url(self) -> str:
        if not self.db_url:
            return f"sqlite:///{self.home_path / 'walle.db'}"
        return self.db_url if self.db_password is None else _with_password(self.db_url, self.db_password.get_secret_value())

    @property
    def bars_location(self) -> str:
        return self.bars_url or str(self.home_path / "bars")

    @property
    def results_location(self) -> str:
        return self.results_url or str(self.home_path / "results")

    @property
    def notify_file(self) -> Path:
        """File of notification channels, which may not be there."""
        return (self.notify.expanduser() if self.notify else self.home_path / "notify.toml").absolute()

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

    @property
    def dashboard_folder(self) -> Path:
        """Folder of the built dashboard, which may not be there: a checkout's own, or the one that was installed with the code."""
        return (self.haro.expanduser() if self.haro else Path(__file__).parents[1] / "haro" / "dist").absolute()

    @property
    def has_dashboard(self) -> bool:
        return (self.dashboard_folder / "index.html").is_file()

    @property
    def allowed_hosts(self) -> list[str]:
        """Names in the Host header that are served besides the own ones."""
        return _listed(self.api_allowed_hosts)

    @property
    def cors_origins(self) -> list[str]:
        """Origins whose pages may call the API."""
        return _listed(self.api_cors_origins)


def read_settings() -> Settings:
    """Read the environment; raise BadValue for a variable that does not fit."""
    try:
        return Settings()
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        name = "WEAVER_" + "_".join(str(part) for part in first["loc"]).upper()
        raise BadValue(name, first["input"], first["msg"].removeprefix("Input should be ")) from None


class _Files(PydanticBaseSettingsSource):
    """Gives the settings that are named by files."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        name = f"{PREFIX}{field_name}".upper()
        is_json = self.field_is_complex(field)
        return (Environment().get(name) if f"{name}{FILE}" in os.environ else None), field_name, is_json

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            value, _, is_json = self.get_field_value(field, name)
            if value is not None:
                found[name] = json.loads(value) if is_json else value
        return found


def _with_password(url: str, password: str) -> str:
    """Return a database's URL with the password, unless it has one already or names no user."""
    parts = urlsplit(url)
    user, at, rest = parts.netloc.rpartition("@")
    if not at or ":" in user:
        return url
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{rest}").geturl()


def _listed(text: str) -> list[str]:
    return [part for part in (piece.strip() for piece in text.split(",")) if part]
