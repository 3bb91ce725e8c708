#!/bin/sh
# Install Weaver, with exactly what is locked, into a virtual environment. Usage: build-weaver.sh SOURCE TARGET
set -eu
source="$1"
target="$2"
tools="$(mktemp -d)"
trap 'rm -rf "$tools"' EXIT
pip="pip --quiet --disable-pip-version-check --no-cache-dir"

# Weaver becomes a wheel first, so that what builds it is not in the image. It has no files of the dashboard: nginx gives those.
python3 -m venv "$tools/venv"
"$tools/venv/bin/python" -m $pip install --require-hashes -r "$source/deploy/build-requirements.lock"
"$tools/venv/bin/python" -m $pip wheel --no-deps --no-build-isolation --wheel-dir "$tools/wheels" "$source"

python3 -m venv "$target"
"$target/bin/python" -m $pip install --require-hashes -r "$source/deploy/requirements.lock"
"$target/bin/python" -m $pip install --no-deps "$tools"/wheels/weaver-*.whl
"$target/bin/python" -m $pip check
