"""What leaves a review: every file carries the state of the review that it shows."""
