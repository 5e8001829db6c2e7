"""Regulars: from an order log to what customers are worth, who they are, who is leaving and what to do."""

__version__ = "0.1.0"
