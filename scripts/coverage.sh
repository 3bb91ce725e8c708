#!/usr/bin/env bash
# Run all tests and say how much of each package they run; fail below a package's floor. Usage: coverage.sh BIN [pytest's arguments]
set -euo pipefail
bin=$1
shift
"$bin/coverage" erase
"$bin/coverage" run -m pytest "$@"
"$bin/coverage" combine --quiet
below=0
floor() { # NAME PERCENT PATTERNS
    local total word=ok
    if ! total=$("$bin/coverage" report --include="$3" --format=total --precision=1 --fail-under="$2"); then
        word="below its floor"
        below=1
    fi
    printf '%-8s %5s %%  of at least %s %%  %s\n' "$1" "$total" "$2" "$word"
}
floor events 90 'workflows/events.py,workflows/run_events.py,workflows/causes.py,workflows/histories.py'
floor api 85 'api/*'
floor glados 85 'weaver/glados/*'
floor veda 85 'weaver/veda/*'
floor greta 90 'weaver/greta/*'
floor marvin 85 'weaver/marvin/*'
floor walle 80 'weaver/walle/*'
exit $below
