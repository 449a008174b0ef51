"""What a stretch of work cost: CPU seconds of all threads, and wall time beside them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Figures = dict[str, float | int]
DIGITS = 4


@dataclass
class Spent:
    """Filled when the stretch is over."""

    cpu_s: float = 0.0
    wall_s: float = 0.0

    def figures(self) -> Figures:
        """As they are printed."""
        return {"cpu_s": rounded(self.cpu_s), "wall_s": rounded(self.wall_s)}

    def per_cpu_s(self, count: int) -> int:
        """So many of ``count`` in one CPU second."""
        return round(count / self.cpu_s)


@contextmanager
def spent() -> Iterator[Spent]:
    """Measures the stretch inside."""
    result = Spent()
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    yield result
    result.cpu_s = time.process_time() - cpu_s
    result.wall_s = time.perf_counter() - wall_s


def rounded(figure: float) -> float:
    """Without digits that mean nothing."""
    return float(f"{figure:.{DIGITS}g}")
