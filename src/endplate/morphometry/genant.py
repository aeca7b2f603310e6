"""The semi-quantitative scale of Genant and its shapes, as tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Genant et al. 1993, J Bone Miner Res 8:1137, as restated in Quant Imaging Med Surg 2019: height loss below 20 % is
# grade 0, 20-25 % mild, 25-40 % moderate, above 40 % severe
LOSS_OF_GRADE = (0.20, 0.25, 0.40)
GRADE_NAMES = ("normal", "mild", "moderate", "severe")

# Zakharov et al. 2023 (arXiv 2204.06818): cuts on the raw index G = min height / max height, grades 1 to 3
INDEX_OF_GRADE = (0.80, 0.75, 0.60)

# the column that lost most gives the shape (clinical reading of Genant et al. 1993: anterior, middle, "posterior or all")
SHAPE_OF_COLUMN = ("wedge", "biconcave", "crush")
CRUSHED_BEHIND = LOSS_OF_GRADE[0]

# the default flag: level-normalised loss of at least 25 % calls for action, 20-25 % is within readers' disagreement
FLAGS = {0: None, 1: "mild deformity, indeterminate", 2: "fracture (actionable)", 3: "fracture (actionable)"}


def grade_of_loss(loss: float | NDArray[np.floating]) -> NDArray[np.intp]:
    """Genant grade (...), 0 to 3, of a height loss (...) as a share of the expected height.

    >>> grade_of_loss(np.array([0.19, 0.20, 0.30, 0.41])).tolist()
    [0, 1, 2, 3]
    """
    return np.searchsorted(LOSS_OF_GRADE, np.asarray(loss), side="right")


def grade_of_index(index: float | NDArray[np.floating]) -> NDArray[np.intp]:
    """Grade (...), 0 to 3, by the paper's cuts on the raw index G (...): below .80, .75, .60.

    >>> grade_of_index(np.array([0.80, 0.79, 0.74, 0.5])).tolist()
    [0, 1, 2, 3]
    """
    return np.searchsorted([-c for c in INDEX_OF_GRADE], -np.asarray(index), side="left")


def shape_of_losses(losses: NDArray[np.floating]) -> str | None:
    """Shape of the losses (3,) of the anterior, middle and posterior column; None below grade 1.

    A body that is also too low behind is crushed, whatever its front lost on top of that.

    >>> shape_of_losses(np.array([0.30, 0.10, 0.05])), shape_of_losses(np.array([0.30, 0.10, 0.22]))
    ('wedge', 'crush')
    """
    if losses.max() < LOSS_OF_GRADE[0]:
        return None
    return SHAPE_OF_COLUMN[2 if losses[2] >= CRUSHED_BEHIND else int(losses[:2].argmax())]
