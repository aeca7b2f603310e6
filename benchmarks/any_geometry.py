"""The same heights whatever the grid: a phantom on random orientations, obliquities, spacings, storage orders and formats.

    python benchmarks/any_geometry.py --count 500

Prints the largest and the median difference of a height from the phantom's own grid, and of a voxel's place; exit code 1 if a
height is off by more than 0.1 mm or a voxel by more than 0.05 mm.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / folder) for folder in ("src", "tests")]

import numpy as np  # noqa: E402

from random_grids import difference  # noqa: E402

HEIGHT_MM, PLACE_MM = 0.1, 0.05


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    count = parser.parse_args().count
    began, found = time.monotonic(), []
    for seed in range(count):
        with tempfile.TemporaryDirectory() as folder:
            found.append(difference(seed, Path(folder)))
        if max(found[-1]) > PLACE_MM:
            print(f"seed {seed}: height off by {found[-1][0]:.3f} mm, voxel by {found[-1][1]:.3f} mm", flush=True)
        if seed % 50 == 49:
            print(f"{seed + 1} grids, {time.monotonic() - began:.0f} s", flush=True)
    heights, places = np.array(found).T
    print(f"{count} grids: height off by at most {heights.max():.4f} mm (median {np.median(heights):.4f} mm)")
    print(f"voxel off by at most {places.max():.4f} mm (median {np.median(places):.4f} mm)")
    return int(heights.max() > HEIGHT_MM or places.max() > PLACE_MM)


if __name__ == "__main__":
    sys.exit(main())
