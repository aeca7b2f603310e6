"""Errors pass between processes whole."""

from __future__ import annotations

import pickle

import pytest

from endplate.errors import ClusterUnusable, EndplateError, InputRefused, ModelUnusable, StoreUnusable
from endplate.volume.dicom_kinds import NotASlice


@pytest.mark.parametrize("kind", [EndplateError, InputRefused, ModelUnusable, ClusterUnusable, StoreUnusable])
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_survives_the_way_to_another_process(kind: type[EndplateError], protocol: int) -> None:
    there = pickle.loads(pickle.dumps(kind("no_scan", "nothing here"), protocol))
    assert (type(there), there.code, there.message, str(there)) == (kind, "no_scan", "nothing here", "nothing here")


def test_one_with_more_to_say_does_too() -> None:
    there = pickle.loads(pickle.dumps(NotASlice("localiser", "a scout", "1.2.3")))
    assert (there.code, there.message, there.series) == ("localiser", "a scout", "1.2.3")
