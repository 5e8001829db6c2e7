"""Complaints and service cases: how many, how handled, what becomes of them, what they cost."""
