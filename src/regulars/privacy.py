"""Pseudonyms: what stands for a customer on a page or in a table, so that no real id leaves the data."""

import hmac
import os
from collections.abc import Iterable

import numpy as np
import pandas as pd

from regulars.errors import UserError

KEY_VARIABLE = "REGULARS_ID_KEY"
# cdnow is public and demo is simulated, so a key that everyone can read hides nothing that needs hiding
PUBLIC_KEY = "regulars: a public key, for the two datasets that come with the project"
PUBLIC_DATASETS = frozenset({"cdnow", "demo"})
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
        Where neither the environment variable ``REGULARS_ID_KEY`` is set nor the dataset is public.

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


def _key(dataset: str) -> bytes:
    key = os.environ.get(KEY_VARIABLE, "")
    if not key and dataset in PUBLIC_DATASETS:
        key = PUBLIC_KEY
    if not key:
        raise UserError(
            f"The pseudonyms of dataset '{dataset}' need a key: set the environment variable {KEY_VARIABLE} "
            "to a long random text and keep it outside the project."
        )
    return key.encode()
