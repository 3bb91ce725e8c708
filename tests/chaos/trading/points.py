"""Named points at which a process may die: a file grants one death, whoever takes the file dies."""

import os
import signal
from contextlib import suppress
from pathlib import Path

POINTS = (
    "before persist",
    "after persist",
    "before POST",
    "POST sent",
    "answer lost",
    "before the result is recorded",
    "in cancel",
    "in amend",
    "in continue-as-new",
)


class Deaths:
    """The deaths that are granted and those that were died, in a folder that all processes share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def grant(self, point: str, number: int) -> None:
        (self._folder / f"{point}#{number}").touch()

    def granted(self) -> list[str]:
        return [path.name.partition("#")[0] for path in self._folder.iterdir() if "#" in path.name]

    def take(self, point: str) -> bool:
        """Use one death up, if one is granted at this point, and note it."""
        for path in sorted(self._folder.glob(f"{point}#*")):
            with suppress(FileNotFoundError):
                path.unlink()
                with (self._folder / "died").open("a") as log:
                    log.write(f"{point}\n")
                    log.flush()
                    os.fsync(log.fileno())
                return True
        return False

    def died(self) -> list[str]:
        log = self._folder / "died"
        return log.read_text().splitlines() if log.exists() else []


def die_at(deaths: Deaths, point: str) -> None:
    """Die by SIGKILL if a death is granted here."""
    if deaths.take(point):
        os.kill(os.getpid(), signal.SIGKILL)
