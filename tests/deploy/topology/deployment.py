"""A deployment without containers: the compose file's services as processes of this machine, each to be killed and started again."""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.request import urlopen

import httpx
import yaml
from temporalio.client import Client

from cli.ports import free_ports
from tests.deploy.composed import ROOT, command_of, nginx, nginx_configuration, services
from tests.workflows.stack import import_seeded, program, until
from weaver.errors import Unavailable
from weaver.settings import Settings
from weaver.walle.bars import Catalogue
from weaver.walle.database import Database
from workflows.client import connect

TRADER = '''
"""In at one bar and out at the next."""
from weaver.marvin import Buy, Close, Strategy, StrategyMeta, StrategyParams

META = StrategyMeta(id="trader", name="In and out")


class Trader(Strategy[StrategyParams]):
    def decide(self, view):
        yield Buy(1) if view.is_flat else Close()
'''
HERE = {"python": sys.executable, "weaver": str(Path(sys.executable).parent / "weaver")}


class Service:
    """One process of a service."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._command, self._folder, self.environment = command, folder, dict(environment)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, cwd=self._folder, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Tell it to stop, as a deploy does, and wait until it has."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"{self.name} did not end within 40 s of {how.name}") from None

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""


class Deployment:
    """Temporal, WallE on PostgreSQL, workers, APIs and nginx, on a folder that all of them share."""

    def __init__(self, folder: Path, database_url: str, *, workers: int = 2, apis: int = 2) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.token = secrets.token_hex(24)
        self.headers = {"Authorization": f"Bearer {self.token}"}
        self._database_url = database_url
        self._added = 0
        self._ports = free_ports(4 + apis)
        self.temporal_address = f"127.0.0.1:{self._ports[0]}"
        self.url = f"http://127.0.0.1:{self._ports[2]}"
        self.base = f"{self.url}/api/v1"
        self._lay_out()
        self.temporal = Service("temporal", self._temporal_command(), folder, os.environ, folder / "temporal.log")
        self.workers: list[Service] = []
        for _ in range(workers):
            self.add_worker()
        # In a container it listens on all addresses, of which only nginx reaches it; here on this machine's own.
        self.apis = [
            self._service("api", number, {"WEAVER_API_HOST": "127.0.0.1", "WEAVER_API_PORT": str(self._ports[4 + number])})
            for number in range(apis)
        ]
        self.nginx = Service("nginx", self._nginx_command(apis), folder, os.environ, folder / "nginx.log")

    def add_worker(self, build: str = "one") -> Service:
        """Add a worker of a build of the code, which is to be started."""
        metrics = free_ports(1)[0]  # the next one is its accounts process's
        changed = {"WEAVER_WORKER_METRICS": f"127.0.0.1:{metrics}", "WEAVER_VERSIONING": "pinned", "WEAVER_BUILD_ID": build}
        self._added += 1
        worker = self._service("worker", self._added, changed)
        self.workers.append(worker)
        return worker

    # Laying out.

    def _lay_out(self) -> None:
        (self.folder / "srv/plugins/strategies").mkdir(parents=True)
        (self.folder / "srv/plugins/strategies/trader.py").write_text(TRADER)
        (self.folder / "secrets").mkdir()
        (self.folder / "secrets/api_token").write_text(f"{self.token}\n")
        (self.folder / "secrets/walle_password").write_text("of no use: this server trusts its own machine\n")
        for mode in ("paper", "live"):
            for name in ("key", "secret"):
                (self.folder / f"secrets/alpaca_{mode}_api_{name}").write_text("")
        (self.folder / "html").mkdir()
        (self.folder / "html/index.html").write_text("<!doctype html><title>Haro</title>")
        self.home.mkdir()

    def import_bars(self) -> None:
        import_seeded(Catalogue.open(str(self.home / "bars")), self.folder)

    def environment_of(self, service: str, **changed: str) -> dict[str, str]:
        """Return the variables of a service as the compose file has them, for this machine's places."""
        given = {name: str(value) for name, value in services()[service]["environment"].items()}
        places = {
            "WEAVER_HOME": str(self.home),
            "WEAVER_DB_URL": self._database_url,
            "WEAVER_TEMPORAL_ADDRESS": self.temporal_address,
            "WEAVER_API_TRUSTED_PROXIES": "127.0.0.1",
            "WEAVER_GRETA_SLOTS": "1",
            "WEAVER_MARVIN_SLOTS": "1",
        }
        given |= {name: value for name, value in places.items() if name in given} | changed
        given = {name: value.replace("/run/secrets", str(self.folder / "secrets")) for name, value in given.items()}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("WEAVER_", "ALPACA_"))}
        return {**inherited, **given, "PYTHONUNBUFFERED": "1"}

    def _service(self, name: str, number: int, changed: Mapping[str, str]) -> Service:
        command = self.here(command_of(name))
        environment = self.environment_of(name, **changed)
        return Service(f"{name} {number}", command, self.folder / "srv", environment, self.folder / f"{name}-{number}.log")

    @staticmethod
    def here(command: Sequence[str]) -> list[str]:
        """Return a container's command with this machine's programs."""
        return [HERE[command[0]], *command[1:]]

    def _temporal_command(self) -> list[str]:
        given = yaml.safe_load((ROOT / "deploy/temporal/dynamic.yaml").read_text())
        values = [f"{name}={json.dumps(setting[0]['value'])}" for name, setting in given.items()]
        command = [str(program("temporal")), "server", "start-dev", "--headless", "--port", str(self._ports[0])]
        command += ["--db-filename", str(self.temporal_file), "--log-level", "error"]
        return [*command, *(part for value in values for part in ("--dynamic-config-value", value))]

    @property
    def temporal_file(self) -> Path:
        return self.folder / "temporal.db"

    def _nginx_command(self, apis: int) -> list[str]:
        servers = " ".join(f"server 127.0.0.1:{self._ports[4 + number]} max_fails=0;" for number in range(apis))
        # Its own folder for what it writes: it runs its workers as another user where the tests are root's.
        around = Path(tempfile.mkdtemp(prefix="weaver-nginx-"))
        main = nginx_configuration(port=self._ports[2], ui_port=self._ports[3], root=self.folder / "html", servers=servers, folder=around)
        assert command_of("nginx")[0] == "nginx"
        return [nginx(), "-e", "stderr", "-c", str(main), *command_of("nginx")[1:]]

    # Running.

    async def start(self) -> None:
        """Start all in the order in which the compose file has them wait for each other."""
        self.temporal.start()
        await self.connected()
        self.migrate()
        for service in (*self.workers, *self.apis):
            service.start()
        for service in self.workers:
            await self.has_said(service, "worker ready")
        for service in self.apis:
            await self.has_said(service, "api ready")
        self.nginx.start()
        await until(self.answers, "nginx and an API behind it")
        for worker in self.workers:
            await until(lambda worker=worker: self.is_healthy(worker), f"{worker.name} to be healthy")

    def migrate(self) -> None:
        subprocess.run(
            self.here(command_of("migrate")), env=self.environment_of("migrate"), cwd=self.folder / "srv", check=True, timeout=120
        )

    async def has_said(self, service: Service, word: str) -> None:
        async def has_said() -> bool:
            assert service.process is not None
            assert service.process.poll() is None, service.said()[-3000:]
            return word in service.said()

        await until(has_said, f"{service.name}: {word}", seconds=120)

    async def connected(self) -> Client:
        async def client() -> Client | None:
            try:
                return await connect(self.temporal_address)
            except Unavailable:
                return None

        return await until(client, f"the Temporal server: {self.temporal.said()}")

    async def answers(self) -> bool:
        try:
            async with self.client() as client:
                return (await client.get("/runs")).status_code == 200
        except httpx.TransportError:
            return False

    async def is_healthy(self, worker: Service) -> bool:
        """Run the compose file's own check of a worker."""
        test = services()["worker"]["healthcheck"]["test"][1:]
        process = await asyncio.create_subprocess_exec(
            *self.here(test), env=worker.environment, stderr=asyncio.subprocess.DEVNULL, cwd=self.folder / "srv"
        )
        return await process.wait() == 0

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.base, headers=self.headers, timeout=30)

    def settings(self) -> Settings:
        return Settings(home=self.home, db_url=self._database_url, temporal_address=self.temporal_address)

    def database(self) -> Database:
        return Database.open(self._database_url, migrate=False)

    def weaver(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command as an operator does, in a container of the service `migrate`."""
        environment = self.environment_of("migrate")
        return subprocess.run(
            [HERE["weaver"], *arguments], env=environment, cwd=self.folder / "srv", capture_output=True, text=True, check=False
        )

    def numbers(self, worker: int) -> str:
        address = self.workers[worker].environment["WEAVER_WORKER_METRICS"]
        with urlopen(f"http://{address}/metrics", timeout=5) as answer:
            return answer.read().decode()

    def stop(self) -> None:
        for service in (self.nginx, *self.apis, *self.workers, self.temporal):
            service.stop()
