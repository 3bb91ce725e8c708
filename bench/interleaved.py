"""Times contenders in turns, so that a noisy machine is noisy to all of them alike."""

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of each repeat."""

    seconds: tuple[float, ...]

    @property
    def best(self) -> float:
        return min(self.seconds)

    @property
    def middle(self) -> float:
        return median(self.seconds)

    def __str__(self) -> str:
        return f"min {self.best:.3f} s, median {self.middle:.3f} s of {len(self.seconds)}"


def interleave(
    contenders: Mapping[str, Callable[[], object]], repeats: int, between: Callable[[], object] = lambda: None
) -> dict[str, Times]:
    """Run every contender once, then all again, `repeats` times; return the wall time of each.

    What a contender returns is dropped, cyclic garbage collected, and `between` called, outside its time.
    """
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, work in contenders.items():
            gc.collect()
            began = perf_counter()
            result = work()
            taken[name].append(perf_counter() - began)
            del result
            between()
    return {name: Times(tuple(seconds)) for name, seconds in taken.items()}
