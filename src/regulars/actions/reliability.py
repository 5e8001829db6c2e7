"""Whether the sales desk's chances are right; the statistics are those of all rooms."""

from regulars.statistics.reliability import calibration_of_chances

__all__ = ["calibration_of_chances"]
