from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["heights", "genant", "measure", "spread"])
def test_doctests(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"endplate.morphometry.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
