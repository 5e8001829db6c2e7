"""Answers: sound ones, waves, gaps, groups, loyalty, and whom to ask next."""
