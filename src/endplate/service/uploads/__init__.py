"""Files from a reader's computer: received piece by piece, judged, and only then kept."""
