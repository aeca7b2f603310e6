"""What readers set beside what the model said: the review document, regrading, images for the page, truth for training."""
