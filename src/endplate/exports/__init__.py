"""What leaves a review: every file carries the state of the review that it shows."""

from endplate.exports.makers import NAMES, export, media_type
from endplate.exports.picture import picture, straight_spine
from endplate.exports.reviewed_scan import ExportInput

__all__ = ["NAMES", "ExportInput", "export", "media_type", "picture", "straight_spine"]
