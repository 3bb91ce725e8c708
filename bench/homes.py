"""Weaver homes of their own for a bench, and the `weaver` command in them."""

import os
import subprocess
import sys
from pathlib import Path

WEAVER = Path(sys.executable).parent / "weaver"


def environment(home: Path) -> dict[str, str]:
    """Return this environment with `home` as the Weaver home and nothing else of Weaver's set."""
    return {name: value for name, value in os.environ.items() if not name.startswith("WEAVER_")} | {"WEAVER_HOME": str(home)}


def weaver(home: Path, *arguments: str) -> str:
    """Run `weaver` in the home's parent folder and return its standard output. Raises CalledProcessError with what it said."""
    done = subprocess.run([WEAVER, *arguments], env=environment(home), cwd=home.parent, capture_output=True, text=True)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        done.check_returncode()
    return done.stdout
