"""Wrong files: each is read with every row accounted for, or refused in one sentence that names it."""

import pytest

from regulars.errors import UserError
from regulars.sources.discovery import new_dataset
from wrong_files import KINDS, wrong_file

PARAMS = "clean: {}\n\ndatasets:\n  shop:\n    clean: {}\n"
AT_ONCE, ALL = 4, 20  # of each kind


def told_by(what, file: str) -> str:
    """What is wrong with how some work ended; nothing where it did what it should, or refused in one sentence."""
    try:
        what()
    except UserError as error:
        said = str(error)
        is_sentence = said.endswith((".", "?")) and "\n" not in said and file in said and len(said) < 1000
        return "" if is_sentence else f"said {said!r}"
    except Exception as error:  # whatever it is, it should not have happened
        return f"{type(error).__name__}: {error}"
    return ""


def fault_of(number: int, shop) -> str:
    kind, ending, content = wrong_file(number)
    name = f"orders{ending}"
    shop.orders(content, name=name)
    shop.write("params.yaml", PARAMS)

    def read():
        ledger = shop.clean().ledger["tables"]["orders"]["rows"]
        assert ledger["raw"] == sum(ledger[fate] for fate in ("kept", "merged", "netted", "rejected"))

    def suggest():
        new_dataset("shop2", [str(shop.folder / name)])

    faults = [fault for fault in (told_by(read, "orders"), told_by(suggest, "orders")) if fault]
    for made in (shop.folder / name, shop.folder / "data/sources/shop2.yaml"):
        made.unlink(missing_ok=True)
    return f"{number} {kind}{ending}: {'; '.join(faults)}" if faults else ""


def faults_of(numbers, shop) -> list[str]:
    return [fault for number in numbers if (fault := fault_of(number, shop))]


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=[kind.__name__ for kind in KINDS])
def test_a_wrong_file_is_read_or_refused_in_one_sentence(shop, kind):
    assert faults_of(range(kind, AT_ONCE * len(KINDS), len(KINDS)), shop) == []


@pytest.mark.full
@pytest.mark.parametrize("kind", range(len(KINDS)), ids=[kind.__name__ for kind in KINDS])
def test_many_wrong_files_are_read_or_refused_in_one_sentence(shop, kind):
    assert faults_of(range(kind + AT_ONCE * len(KINDS), ALL * len(KINDS), len(KINDS)), shop) == []
