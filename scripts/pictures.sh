#!/usr/bin/env bash
# Write the pictures of docs/images anew: every page's picture is taken on a real stack, and the best are kept. Usage: scripts/pictures.sh .venv/bin
set -euo pipefail
bin="$1"
cd "$(dirname "$0")/.."
"$bin/python" -m pytest -q tests/e2e/test_pages.py -k picture
mkdir -p docs/images
for name in dashboard-1440-light results-1440-light decisions-1440-light orders-1440-dark order-1440-light compare-1440-dark new-run-1440-light results-390-dark; do
    cp "build/e2e/pages/$name.png" docs/images/
done
du -ch docs/images/*.png | tail -n 1
