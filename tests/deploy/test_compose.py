"""The compose file: read by Docker Compose itself, and held to what a deployment must not lack."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.deploy.composed import COMPOSE, ROOT, config, project, services
from weaver.notify.channels import Channels

ONE_SHOT = {"temporal-schema", "temporal-namespace", "migrate"}
WRITES_TO_ITS_OWN_FILES = {"temporal-ui"}
"""Images of others that do not start on a read-only file system."""
EVERY = sorted(services())


def test_docker_compose_takes_the_file_without_a_warning() -> None:
    assert set(services()) == {
        *("walle-db", "temporal-db", "temporal-schema", "temporal", "temporal-namespace", "temporal-ui"),
        *("migrate", "worker", "api", "nginx"),
    }


def test_a_field_that_the_specification_does_not_know_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = tmp_path / "docker-compose.yml"
    changed.write_text(COMPOSE.read_text().replace("    stop_grace_period: 1m\n", "    stop_graceful: 1m\n", 1))
    monkeypatch.setattr("tests.deploy.composed.COMPOSE", changed)

    answer = config()

    assert answer.returncode != 0
    assert "stop_graceful" in answer.stderr


@pytest.mark.parametrize("name", EVERY)
def test_every_image_is_pinned_to_a_version(name: str) -> None:
    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+[\w.-]*", services()[name]["image"])


@pytest.mark.parametrize("name", EVERY)
def test_every_service_is_nobody_in_particular_and_may_do_nothing_in_particular(name: str) -> None:
    service = services()[name]

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged")
    assert not service.get("cap_add")


@pytest.mark.parametrize("name", sorted(set(EVERY) - WRITES_TO_ITS_OWN_FILES))
def test_file_systems_are_read_only_but_for_named_places(name: str) -> None:
    service = services()[name]

    assert service["read_only"] is True
    assert all("size=" in place for place in service.get("tmpfs", []))


@pytest.mark.parametrize("name", EVERY)
def test_every_service_is_bounded(name: str) -> None:
    assert {"cpus", "memory", "pids"} <= set(services()[name]["deploy"]["resources"]["limits"])
    assert services()[name]["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", sorted(set(EVERY) - ONE_SHOT))
def test_what_stays_says_whether_it_is_well_and_comes_back(name: str) -> None:
    service = services()[name]

    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(ONE_SHOT))
def test_what_ends_is_tried_again_only_so_often(name: str) -> None:
    assert services()[name]["restart"] == "on-failure:5"


@pytest.mark.parametrize("name", ["worker", "api"])
def test_what_is_scaled_has_no_name_of_its_own_and_no_port_of_the_host(name: str) -> None:
    assert "container_name" not in services()[name]
    assert "ports" not in services()[name]


def test_a_worker_gets_the_time_to_drain() -> None:
    from processes.accounts import DRAIN as OF_ACCOUNTS
    from processes.runs import DRAIN as OF_RUNS

    grace = services()["worker"]["stop_grace_period"]

    assert int(re.fullmatch(r"(\d+)s", grace)[1]) >= 2 * (OF_RUNS + OF_ACCOUNTS).total_seconds()


def test_only_nginx_is_reached_and_from_this_machine_alone() -> None:
    published = {(name, port["host_ip"]) for name, service in services().items() for port in service.get("ports", [])}

    assert published == {("nginx", "127.0.0.1")}


def test_only_workers_and_nginx_have_a_way_out() -> None:
    outside = {name for name, network in project()["networks"].items() if not network.get("internal")}
    on_them = {name for name, service in services().items() if outside & set(service["networks"])}

    assert on_them == {"nginx", "worker"}


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("temporal-schema", {"temporal-db": "service_healthy"}),
        ("temporal", {"temporal-schema": "service_completed_successfully"}),
        ("temporal-namespace", {"temporal": "service_healthy"}),
        ("migrate", {"walle-db": "service_healthy"}),
        ("worker", {"migrate": "service_completed_successfully", "temporal-namespace": "service_completed_successfully"}),
        ("api", {"migrate": "service_completed_successfully", "temporal-namespace": "service_completed_successfully"}),
        ("nginx", {"api": "service_healthy"}),
    ],
)
def test_services_wait_for_what_they_need(name: str, needs: dict[str, str]) -> None:
    assert {other: condition["condition"] for other, condition in services()[name]["depends_on"].items()} == needs


@pytest.mark.parametrize("name", EVERY)
def test_no_secret_is_in_the_environment(name: str) -> None:
    secret = re.compile(r"PASSWORD|PWD|TOKEN|SECRET|API_KEY|KEYS")
    given = services()[name].get("environment", {})

    assert all(
        variable.endswith("_FILE") and (not value or value.startswith("/run/secrets/"))
        for variable, value in given.items()
        if secret.search(variable)
    )
    assert not any(re.search(r"://[^/]*:[^/@]+@", str(value)) for value in given.values())


def test_only_who_needs_a_secret_has_it() -> None:
    has = {name: {secret["source"] for secret in service.get("secrets", [])} for name, service in services().items()}

    assert {name for name, secrets in has.items() if "api_token" in secrets} == {"api"}  # strategies run in workers
    assert {name for name, secrets in has.items() if any("alpaca" in secret for secret in secrets)} == {"worker"}
    assert has["nginx"] == has["temporal-ui"] == has["temporal-namespace"] == set()


def test_secrets_are_made_once_and_only_their_folder_keeps_others_out(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"

    def made() -> dict[str, str]:
        subprocess.run([ROOT / "deploy/make-secrets.sh", folder], check=True, capture_output=True)
        return {path.name: path.read_text() for path in folder.iterdir()}

    found = made()

    assert made() == found
    assert set(found) == {Path(secret["file"]).name for secret in project()["secrets"].values()}
    assert all(len(found[name]) == 48 for name in ("walle_password", "temporal_password", "api_token"))
    assert folder.stat().st_mode & 0o777 == 0o700


def test_credentials_of_channels_are_given_to_workers_alone_where_there_are_any(tmp_path: Path) -> None:
    (tmp_path / "notify.env").write_text("WEAVER_NOTIFY_OPS_SECRET=whsec_c2VjcmV0\n")
    answer = config(variables={"WEAVER_SECRETS": str(tmp_path)})
    given = {name: service.get("environment", {}) for name, service in json.loads(answer.stdout)["services"].items()}

    assert {name for name, variables in given.items() if "WEAVER_NOTIFY_OPS_SECRET" in variables} == {"worker"}
    assert given["worker"]["WEAVER_NOTIFY_OPS_SECRET"] == "whsec_c2VjcmV0"
    assert "WEAVER_NOTIFY_OPS_SECRET" not in services()["worker"]["environment"]


def test_a_file_of_channels_that_nobody_has_written_notifies_nobody(tmp_path: Path) -> None:
    subprocess.run([ROOT / "deploy/make-secrets.sh", tmp_path], check=True, capture_output=True)
    inside = services()["worker"]["environment"]["WEAVER_NOTIFY"].replace("/run/secrets", str(tmp_path))

    assert Channels.read(Path(inside)) == Channels()


def test_every_variable_of_the_compose_file_is_explained() -> None:
    named = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    explained = set(re.findall(r"^# (\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert named == explained


def test_the_example_says_what_the_compose_file_does_anyway() -> None:
    defaults = dict(re.findall(r"\$\{(\w+):?-([^}]*)\}", COMPOSE.read_text()))
    example = dict(re.findall(r"^# (\w+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert {name: value for name, value in example.items() if value != defaults[name]} == {"WEAVER_API_ALLOWED_HOSTS": "weaver.example.com"}


def test_every_setting_that_is_given_exists() -> None:
    from weaver.settings import Settings

    known = {f"WEAVER_{name.upper()}" for name in Settings.model_fields} | {"WEAVER_SIMULATED_SEED", "WEAVER_LOG", "WEAVER_ENCRYPTION_KEYS"}
    given = {variable for name in ("worker", "api", "migrate") for variable in services()[name]["environment"]}

    assert {variable for variable in given if variable.startswith("WEAVER_") and variable.removesuffix("_FILE") not in known} == set()
