"""Where tasks run: processes of this machine, or a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Lost:
    """A task whose worker died, twice.

    Attributes:
        task: which.
        reason: what is known of the worker's end.
    """

    task: Any
    reason: str


class Pool(Protocol):
    """Runs a function over many tasks."""

    def map(self, function: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any | Lost]:
        """Results in the order in which they are ready.

        Tasks are drawn only as workers become free, so that memory stays bounded. A task whose worker dies is tried once more,
        then is `Lost`.
        """
