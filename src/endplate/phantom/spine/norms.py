"""Sizes of healthy vertebrae by level coordinate, adult means, in mm.

Heights and ratios T1-L2: medians of the public expert annotation of 100 chest CTs (Zakharov et al. 2023). Depths, widths
and discs: rounded from published morphometry (Panjabi 1991-1992, Gilad and Nissan 1986); cervical and L3-L5 values are
weaker. A phantom needs plausible values, not a reference standard.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# level coordinate, posterior height, Ha/Hp, Hm/Hp, depth, width, thickness of the disc below
_TABLE = np.array(
    [
        [2, 17.0, 0.97, 0.90, 15.5, 20.0, 5.0],
        [3, 13.8, 0.97, 0.88, 15.5, 21.0, 5.0],
        [5, 13.3, 0.96, 0.87, 16.0, 23.0, 5.2],
        [6, 13.4, 0.97, 0.87, 16.5, 25.0, 5.2],
        [7, 14.8, 0.987, 0.855, 17.0, 28.0, 4.6],
        [8, 17.2, 0.964, 0.862, 17.8, 30.0, 3.6],
        [9, 18.2, 0.980, 0.861, 19.0, 28.5, 3.2],
        [10, 19.0, 0.959, 0.851, 20.8, 26.5, 3.2],
        [11, 19.6, 0.940, 0.852, 22.5, 26.0, 3.3],
        [12, 20.2, 0.908, 0.844, 24.5, 26.5, 3.6],
        [13, 20.8, 0.877, 0.840, 26.5, 27.5, 4.0],
        [14, 21.3, 0.867, 0.842, 28.0, 29.0, 4.2],
        [15, 21.7, 0.891, 0.846, 29.3, 30.5, 4.5],
        [16, 22.5, 0.924, 0.852, 30.5, 32.0, 4.8],
        [17, 23.4, 0.945, 0.863, 31.6, 34.5, 5.2],
        [18, 25.0, 0.918, 0.853, 32.4, 37.5, 6.0],
        [19, 26.7, 0.916, 0.861, 33.0, 40.0, 7.0],
        [20, 27.9, 0.939, 0.858, 33.6, 41.5, 8.2],
        [21, 28.7, 0.959, 0.864, 34.3, 43.0, 9.2],
        [22, 28.8, 0.995, 0.865, 35.0, 45.0, 10.2],
        [23, 28.0, 1.03, 0.870, 35.3, 47.5, 11.0],
        [24, 26.0, 1.12, 0.880, 35.3, 50.0, 10.0],
        [25, 27.0, 1.18, 1.05, 33.0, 50.0, 3.0],
    ]
)
_COLUMNS = {"height": 1, "anterior": 2, "middle": 3, "depth": 4, "width": 5, "disc": 6}


def norm(name: str, coordinate: float | NDArray[np.floating]) -> NDArray[np.float64]:
    """A norm at a level coordinate, linear between levels.

    Args:
        name: ``height`` (posterior, mm), ``anterior`` and ``middle`` (ratios to it), ``depth``, ``width``, ``disc`` (mm).
        coordinate: level coordinate(s), as of `endplate.anatomy.levels.coordinate`.
    """
    value: NDArray[np.float64] = np.interp(coordinate, _TABLE[:, 0], _TABLE[:, _COLUMNS[name]])
    return value
