"""Pseudonyms: what stands for a customer on a page or in a table, so that no real id leaves the data."""

import hmac
import os
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from regulars.errors import UserError
from regulars.paths import project_root

KEY_VARIABLE = "REGULARS_ID_KEY"
SHORTEST_KEY = 16  # characters: a shorter one can be found by trying
# where every table comes with a Python package or out of the simulator, there is nothing that a key would have to hide,
# and the same pages come out everywhere
PUBLIC_KEY = "regulars: a public key, for the two datasets that come with the project"
SHIPPED = ("resource", "simulator")
ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "S1")  # of base 32
WORD = 8  # bytes of a hash that are looked at: more than the bits of a pseudonym
PSEUDONYM_LENGTH = 12  # characters of 5 bits: the odds that two of a hundred million customers share one are 1 to 230


def pseudonyms(customer_ids: Iterable[str], dataset: str) -> pd.Series:
    """Pseudonym of each customer: a keyed hash, the same in every report of a dataset.

    Parameters
    ----------
    customer_ids : iterable of str
        Real ids.
    dataset : str
        Part of what is hashed, so that datasets cannot be joined by their pseudonyms.

    Returns
    -------
    pandas.Series
        Text of the form ``C-K3JQ7VN2PAXY``, with the index of the ids where they have one.

    Raises
    ------
    UserError
        Where the tables are a firm's own and the environment variable ``REGULARS_ID_KEY`` is not set, or too short.

    Examples
    --------
    >>> pseudonyms(["00001"], "cdnow").str.len().tolist()
    [14]
    """
    key = _key(dataset)
    ids = customer_ids if isinstance(customer_ids, pd.Series) else pd.Series(list(customer_ids), dtype="string")
    hashed = [hmac.digest(key, f"{dataset}\0{customer_id}".encode(), "sha256")[:WORD] for customer_id in ids.tolist()]
    # all of them at once: the first bits of each, five to a character
    bits = np.frombuffer(b"".join(hashed), ">u8").astype(np.uint64)
    places = np.arange(64 - 5, 64 - 5 * (PSEUDONYM_LENGTH + 1), -5, dtype=np.uint64)
    letters = ALPHABET[(bits[:, None] >> places) & np.uint64(31)]
    names = letters.view(f"S{PSEUDONYM_LENGTH}").ravel().astype(str)
    return pd.Series(np.strings.add("C-", names), index=ids.index, dtype="string", name="customer")


def need_key(dataset: str) -> None:
    """Complain where pages of a dataset cannot be made for want of a key, before any work is done for them.

    Raises
    ------
    UserError
        As `pseudonyms`.

    Examples
    --------
    >>> need_key("cdnow")
    """
    _key(dataset)


def forgotten_file(dataset: str) -> Path:
    """List of those who are to be forgotten: a fingerprint under the key each, so that it names nobody."""
    return project_root() / "data" / "forgotten" / f"{dataset}.txt"


def forgotten(dataset: str) -> frozenset[str]:
    """Fingerprints of those who are to be forgotten.

    Raises
    ------
    UserError
        Where the list was made under another key, so that it would miss them.
    """
    file = forgotten_file(dataset)
    lines = file.read_text(encoding="utf-8").split() if file.is_file() else []
    if lines and lines[0] != _fingerprint(dataset).strip():
        raise UserError(
            f"data/forgotten/{dataset}.txt was made under another {KEY_VARIABLE}, so that nobody on it would be known: "
            "set that one, or empty the file and forget them again."
        )
    return frozenset(lines[1:])


def fingerprints(customer_ids: Iterable[str], dataset: str) -> list[str]:
    """What stands for each customer on the list of the forgotten, however the id is spaced or cased."""
    key, plain = _key(dataset), map(however_spelled, customer_ids)
    return [hmac.digest(key, f"forgotten\0{dataset}\0{one}".encode(), "sha256").hex()[:32] for one in plain]


def however_spelled(customer_id: str) -> str:
    """An id as all its spellings have it in common.

    Examples
    --------
    >>> however_spelled(" Carl "), however_spelled("17850.0")
    ('carl', '17850')
    """
    return re.sub(r"\.0+$", "", str(customer_id).strip().casefold())


def remember_to_forget(customer_ids: Iterable[str], dataset: str) -> None:
    """Put customers on the list of the forgotten."""
    listed = sorted(forgotten(dataset) | set(fingerprints(customer_ids, dataset)))
    file = forgotten_file(dataset)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([_fingerprint(dataset).strip(), *listed]) + "\n", encoding="utf-8")


def key_file(dataset: str) -> Path:
    """File with the fingerprint of the key under which a dataset's pages are made: stages depend on it."""
    return project_root() / "data" / "keys" / dataset


def record_key(dataset: str) -> None:
    """Write the fingerprint of today's key down, so that every page is made anew under another one.

    Raises
    ------
    UserError
        As `pseudonyms`; not where pages were made before and no key is set, since nothing may have to be made.
    """
    file = key_file(dataset)
    if file.is_file() and not os.environ.get(KEY_VARIABLE) and not _is_public(dataset):
        return
    told = _fingerprint(dataset)
    if not file.is_file() or file.read_text(encoding="utf-8") != told:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(told, encoding="utf-8")


def need_key_of_pages(dataset: str) -> None:
    """Complain where the key of today is not the one under which the pages were made.

    Raises
    ------
    UserError
        As `pseudonyms`, or where a list made now would name customers otherwise than the pages do.
    """
    told, file = _fingerprint(dataset), key_file(dataset)
    if file.is_file() and file.read_text(encoding="utf-8") != told:
        raise UserError(
            f"The pages of dataset '{dataset}' were made under another {KEY_VARIABLE}, so that a list made now would "
            f"name customers otherwise: set that one, or run regulars reports {dataset} first."
        )


def _fingerprint(dataset: str) -> str:
    return hmac.digest(_key(dataset), f"fingerprint of the key\0{dataset}".encode(), "sha256").hex()[:16] + "\n"


def _is_public(dataset: str) -> bool:
    source = project_root() / "data" / "sources" / f"{dataset}.yaml"
    try:
        tables = yaml.safe_load(source.read_text(encoding="utf-8"))["tables"].values()
        return bool(tables) and all(any(kind in table for kind in SHIPPED) for table in tables)
    except (OSError, ValueError, yaml.YAMLError, TypeError, KeyError, AttributeError):
        return False  # what is wrong with a mapping is told where it is read


def _key(dataset: str) -> bytes:
    if _is_public(dataset):
        return PUBLIC_KEY.encode()
    key = os.environ.get(KEY_VARIABLE, "")
    if not key:
        raise UserError(
            f"The pseudonyms of dataset '{dataset}' need a key: set the environment variable {KEY_VARIABLE} "
            "to a long random text and keep it outside the project."
        )
    if len(key) < SHORTEST_KEY:
        raise UserError(
            f"{KEY_VARIABLE} has {len(key)} characters, and a key so short can be guessed: take a random text of at "
            f"least {SHORTEST_KEY}, such as `openssl rand -hex 16` gives."
        )
    return key.encode()
