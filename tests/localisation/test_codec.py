from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate.localisation import codec
from endplate.localisation.localise import NoSpine, localise, longest_run
from endplate.volume import Volume


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**31))
def test_decoding_inverts_encoding(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 30
    row, across = (rng.uniform(25, 50) + np.cumsum(rng.uniform(-0.8, 0.8, n)) for _ in range(2))
    column = codec.Column(row, across, rng.uniform(0.5, 1, n), np.linspace(5, 20, n))
    seen = codec.decode(codec.encode(column, (n, 40, 50)))
    np.testing.assert_allclose(seen.row_vox, column.row_vox, atol=0.12)  # the window cuts the Gaussian's tails: .101 at seed 309326
    np.testing.assert_allclose(seen.column_vox, column.column_vox, atol=0.12)
    np.testing.assert_array_equal(seen.level, column.level)


def test_a_hotter_spot_aside_does_not_catch_the_column() -> None:
    n = 30
    column = codec.Column(np.full(n, 40.0), np.full(n, 50.0), np.ones(n), np.linspace(5, 20, n))
    maps = codec.encode(column, (n, 40, 50))
    stent = codec.encode(codec.Column(np.full(n, 20.0), np.full(n, 58.0), np.ones(n), np.zeros(n)), (n, 40, 50))
    maps.heat[12:16] = np.maximum(maps.heat[12:16], stent.heat[12:16] + 1.0)
    seen = codec.decode(maps)
    assert np.abs(seen.row_vox - 40.0).max() < 2.0
    assert np.abs(seen.column_vox - 50.0).max() < 2.0


def test_longest_run_bridges_short_gaps_only() -> None:
    present = np.array([1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0], bool)
    assert longest_run(present, 2) == slice(6, 11)
    assert longest_run(present, 4) == slice(0, 11)
    assert longest_run(np.zeros(5, bool), 2) == slice(0, 0)


def test_absence_is_a_result_with_its_reason() -> None:
    def never(small: Volume) -> codec.Maps:
        n, height, width = small.hu.shape
        return codec.Maps(np.zeros((n, height // 2, width // 2)), np.full(n, 0.1), np.zeros(n))

    volume = Volume(np.zeros((40, 60, 50), np.int16), np.diag([5.0, 4.0, 4.0, 1.0])[[2, 1, 0, 3]])
    found = localise(volume, never)
    assert isinstance(found, NoSpine)
    assert "0 mm" in found.reason
    assert "0.10" in found.reason
