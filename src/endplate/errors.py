"""Everything that can go wrong, in one tree.

```
EndplateError
├── InputRefused        this input cannot be measured; the message names the value and the remedy   exit code 3
├── ModelUnusable       the model folder is missing, damaged or of another kind                     exit code 4
├── ExtraMissing        a library of an extra, such as endplate[cohort], is not installed           exit code 4
├── StoreUnusable       the service's database cannot be reached, or is of a newer endplate         exit code 5
└── ClusterUnusable     no scheduler answers, or the extra that speaks to it is not installed       exit code 6
```

"No spine in this scan" and "vertebra cut by the field of view" are results, not errors.
"""

from __future__ import annotations

import copyreg
from typing import Any, Literal

from endplate.refusals import REFUSALS


class EndplateError(Exception):
    """Anything that endplate raises on purpose.

    Args:
        code: a short stable name, such as ``missing_slices``, for tables and tests.
        message: what was found, what was expected, and what to do about it.
    """

    exit_code = 1

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        """How it travels between processes: without a second call of the constructor, whatever its arguments."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]

    @property
    def severity(self) -> Literal["info", "error"]:
        """``error`` for what costs a result, ``info`` for what is rightly left out."""
        return REFUSALS[self.code].severity if self.code in REFUSALS else "error"

    @property
    def remedy(self) -> str:
        """What to do about this code in general, in Markdown; the message says it with values."""
        return REFUSALS[self.code].remedy if self.code in REFUSALS else ""


class InputRefused(EndplateError):
    """The input cannot be measured; nothing was guessed."""

    exit_code = 3


class ModelUnusable(EndplateError):
    """A model folder is missing, damaged or of another kind."""

    exit_code = 4


class ClusterUnusable(EndplateError):
    """Work cannot be given to other machines."""

    exit_code = 6


class StoreUnusable(EndplateError):
    """The review service's database cannot be used: unreachable, damaged, busy, not endplate's, or of a newer endplate."""

    exit_code = 5


class ExtraMissing(EndplateError):
    """A library that an optional part of endplate needs is not installed."""

    exit_code = 4
