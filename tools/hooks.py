"""Checks of a commit: ``python tools/hooks.py large|yaml FILE…``."""

import sys
from pathlib import Path

import yaml

LARGEST = 500_000  # bytes
LOCKS = {"requirements.lock", "requirements-test.lock"}


def too_large(file: Path) -> str | None:
    size = file.stat().st_size
    return (
        f"{file}: {size:,} bytes; data and pages are not committed"
        if size > LARGEST and file.name not in LOCKS
        else None
    )


def not_yaml(file: Path) -> str | None:
    try:
        list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        return f"{file}: {error}"
    return None


def main(check: str, names: list[str]) -> int:
    faults = [fault for name in names if (fault := {"large": too_large, "yaml": not_yaml}[check](Path(name)))]
    print("\n".join(faults), end="\n" if faults else "")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
