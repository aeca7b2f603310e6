"""How good it is: reports against six-point truth, with intervals over patients and pictures."""

from endplate.evaluation.calibrate import Calibration, calibrate
from endplate.evaluation.cases import Case, read_cases
from endplate.evaluation.evaluation import Evaluation, evaluate_cases

__all__ = ["Calibration", "Case", "Evaluation", "calibrate", "evaluate_cases", "read_cases"]
