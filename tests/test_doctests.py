"""The examples in the docstrings are true; torch's side, which not every checkout can import, is left out."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import numpy as np
import pytest

import endplate

PACKAGE = Path(endplate.__file__).parent
MODULES = [
    ".".join(("endplate", *file.relative_to(PACKAGE).with_suffix("").parts))
    for file in sorted(PACKAGE.rglob("*.py"))
    if ">>>" in file.read_text(encoding="utf-8") and "training" not in file.parts
]


def test_there_are_examples() -> None:
    assert {"endplate.anatomy.levels", "endplate.morphometry.measure", "endplate.geometry.curves"} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_true(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), extraglobs={"np": np})
    assert result.attempted > 0
    assert result.failed == 0
