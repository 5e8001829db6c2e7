"""The satisfaction index by a path model, its drivers, and what a point of it is worth."""
