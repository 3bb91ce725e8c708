#!/bin/sh
# Build the dashboard. Usage: build-haro.sh SOURCE TARGET, where SOURCE holds haro/ and gets its node_modules.
set -eu
source="$1"
target="$2"

npm --prefix "$source/haro" ci --no-audit --no-fund --loglevel=error
npm --prefix "$source/haro" run --silent build
mkdir -p "$target"
cp -R "$source/haro/dist/." "$target/"
find "$target" -type d -exec chmod 0755 {} +
find "$target" -type f -exec chmod 0644 {} +
