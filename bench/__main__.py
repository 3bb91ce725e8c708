"""Answer all questions, or those named: `python -m bench engine_speed startup`. Ends with 1 if a target is missed."""

import sys
from importlib import import_module

from bench.verdict import Verdict

QUESTIONS = ("engine_speed", "indicators", "startup", "durable_run", "decide", "trading", "api", "stream", "fleet")


def main() -> int:
    chosen = sys.argv[1:] or QUESTIONS
    for name in chosen:
        if name not in QUESTIONS:
            print(f"No bench '{name}'. There are: {', '.join(QUESTIONS)}", file=sys.stderr)
            return 2
    verdicts: list[Verdict] = []
    for name in chosen:
        print(f"\n== {name}")
        verdicts += import_module(f"bench.{name}").run()
    print("\n== targets")
    for verdict in verdicts:
        print(verdict)
    return 0 if all(verdict.met for verdict in verdicts) else 1


sys.exit(main())
