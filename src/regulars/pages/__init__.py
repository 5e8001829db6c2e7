"""The pages: of each its sections, how its charts and tables look, and its wording."""
