"""`weaver up`: Temporal, the worker, the API and the dashboard in the foreground."""

import os
from contextlib import ExitStack
from dataclasses import asdict
from typing import Annotated

import typer

from cli.context import AsJson, read_settings
from cli.homes import Home, Stack
from cli.ports import check_free
from cli.render import emit, say
from cli.supervisor import ApiPlace, Supervisor
from weaver.errors import BadInput, Unusable
from weaver.exposure import base_url, check_exposure, token_of
from weaver.logs import set_up
from weaver.settings import BUILD_DASHBOARD, Settings
from workflows.access import server_named_by


def add_to(app: typer.Typer) -> None:
    app.command("up")(up)


def up(
    port_temporal: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the Temporal server.")] = 7233,
    port_ui: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the Temporal UI.")] = 8233,
    port_api: Annotated[int | None, typer.Option(min=1, max=65_535, help="Port of the API; default WEAVER_API_PORT, else 8000.")] = None,
    host: Annotated[
        str | None,
        typer.Option(help="Address the API listens on; default WEAVER_API_HOST, else this machine only. Others need WEAVER_API_TOKEN."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run Temporal, the worker, the API and the dashboard here until Ctrl-C.

    All commands of the same WEAVER_HOME use this stack while it runs. What dies is started again; logs are in
    WEAVER_HOME/logs.

    Example: weaver up --port-temporal 7243 --port-ui 8243 --port-api 8010
    """
    settings = _placed(read_settings(), host, port_api)
    set_up(("cli",))
    if settings.temporal_address:
        variable = server_named_by(os.environ)
        raise BadInput(
            f"{variable} names a Temporal server already ({settings.temporal_address}). "
            "Run a worker and the API for it with: python -m worker, python -m api; or unset the variable.",
            field=variable,
        )
    check_exposure(settings)
    home = Home(settings.home_path)
    if home.is_owned():
        raise Unusable(_occupied(home))
    check_free(port_temporal, "Temporal", "--port-temporal")
    check_free(port_ui, "the Temporal UI", "--port-ui")
    check_free(settings.api_port, "the API", "--port-api", settings.api_host)
    home.make()
    supervisor = Supervisor(
        home,
        temporal_port=port_temporal,
        ui_port=port_ui,
        started_by="weaver up",
        environment=os.environ,
        api=ApiPlace(settings.api_host, settings.api_port, base_url(settings)),
    )
    supervisor.obey_signals()
    with ExitStack() as owned:
        with home.starting():
            if not owned.enter_context(home.owning()):
                raise Unusable(_occupied(home))  # somebody was quicker
            home.forget_stack()
            owned.callback(supervisor.stop)
            say(f"Starting Temporal, the worker and the API on {home.path} ...")
            stack = supervisor.start()
        if stack is not None:
            _announce(stack, home, settings, as_json=as_json)
            supervisor.watch(lambda: False)
        say("Stopping ...")


def _placed(settings: Settings, host: str | None, port: int | None) -> Settings:
    """Return the settings with what the options say instead."""
    said = {"api_host": host, "api_port": port}
    return settings.model_copy(update={name: value for name, value in said.items() if value is not None})


def _announce(stack: Stack, home: Home, settings: Settings, *, as_json: bool) -> None:
    dashboard = _dashboard(settings)
    if as_json:
        emit({"home": str(home.path), **asdict(stack), "dashboard_url": dashboard})
    say(f"Dashboard    {dashboard or f'not built; build it with: {BUILD_DASHBOARD}'}")
    say(f"Temporal     {stack.address}  (namespace {stack.namespace})")
    say(f"Temporal UI  {stack.ui_url}")
    asks = "with the token of WEAVER_API_TOKEN" if token_of(settings) else "for this machine only, without a token"
    say(f"API          {stack.api_url}  (on {settings.api_host}, {asks})")
    say(f"Home         {home.path}  (logs in {home.logs})")
    say("Ready. Ctrl-C stops everything.")


def _dashboard(settings: Settings) -> str | None:
    """Return what to open in a browser; None where the dashboard is not built."""
    return base_url(settings).removesuffix("/api/v1") if settings.has_dashboard else None


def _occupied(home: Home) -> str:
    stack = home.running()
    if stack is None:
        return f"Another stack is just starting or stopping on {home.path}. Try again in a moment."
    return (
        f"A stack runs on {home.path} already: Temporal at {stack.address}, UI {stack.ui_url}, "
        f"started by `{stack.started_by}` (pid {stack.pids['supervisor']}). Every command of this home uses it; "
        "to have another one, set another WEAVER_HOME."
    )
