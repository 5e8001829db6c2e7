"""Where the project stands, and the real data beside it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED_DATA = ROOT.parent / "shared" / "data"  # real data that lies beside the project on some machines
SHARED_CASES = SHARED_DATA.parent / "cases"
