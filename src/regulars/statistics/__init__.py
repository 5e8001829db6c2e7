"""Statistics that several rooms need: intervals, survival, ranking, control limits."""
