#!/usr/bin/env bash
# See that the tests have a Chromium: the system's, else apt's, else Playwright's. Usage: scripts/browser.sh .venv/bin
set -euo pipefail
bin="$1"

has_one() {
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
        "$bin/python" - <<'PYTHON'
import pathlib, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    sys.exit(not pathlib.Path(playwright.chromium.executable_path).exists())
PYTHON
}

if has_one; then exit 0; fi
echo "The tests open the report in Chromium; installing it"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq chromium; then exit 0; fi
if "$bin/playwright" install chromium; then exit 0; fi
echo "weaver: no Chromium, and none could be installed. Install one: apt-get install chromium" >&2
exit 1
