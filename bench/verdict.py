"""A number beside its target."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was measured, and whether that is what was wanted."""

    question: str
    measured: str
    target: str
    met: bool

    def __str__(self) -> str:
        return f"{'met   ' if self.met else 'MISSED'}  {self.question}: {self.measured} (target {self.target})"
