"""Six-point geometry of a spine: healthy shapes, fractures, and whole skeletons around a few given vertebrae."""
