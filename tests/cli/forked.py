"""`weaver` commands as processes of their own."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from cli.main import main
from tests.forking import CONTEXT

LIMIT_SECONDS = 120


def forked(arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Run `weaver` with the arguments; return its exit code, stdout and stderr."""
    with TemporaryDirectory() as kept:
        out, err = Path(kept) / "out", Path(kept) / "err"
        process = CONTEXT.Process(target=_run, args=(list(arguments), str(folder), dict(environment), str(out), str(err)))
        process.start()
        process.join(LIMIT_SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise AssertionError(f"weaver {' '.join(arguments)} took more than {LIMIT_SECONDS} s: {err.read_text()}")
        code = process.exitcode
        process.close()
        return code, out.read_text(), err.read_text()


def _run(arguments: list[str], folder: str, environment: dict[str, str], out: str, err: str) -> None:
    for name, number in ((out, 1), (err, 2)):
        file = os.open(name, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["weaver", *arguments]
    main()
