"""Ways to measure satisfaction, side by side on the same answers."""
