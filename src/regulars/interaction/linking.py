"""Pairs of records that are probably one person, by Fellegi and Sunter's model as Splink fits it."""

import logging
from contextlib import suppress
from typing import Any

import pandas as pd

from regulars.errors import UserError

# kind to how near two of its values may be; a comparison is made for each that the records hold
NAMES, TEXTS, EXACT = ("given_name", "surname"), ("address", "city", "email"), ("postcode", "phone", "birth")
BLOCKS = (
    ("birth",), ("phone",), ("email",), ("postcode", "surname"), ("postcode", "given_name"), ("surname", "given_name"),
    ("address", "surname"), ("address", "given_name"),
)  # fmt: skip
LEAST = 0.5  # probability of a pair that is looked at
SAMPLED_PAIRS = 2e6
RECALL = 0.7  # of pairs that are one person, those alike in two marks or more
TRAINED = 4  # rules from whose pairs it is learnt how often marks of one person differ
ENOUGH = 1000  # pairs that are alike in two marks or more; with fewer, how often marks of one person differ is assumed
# of one person's two values: equal, near, less near, different
SAME = {"phone": (0.65, 0.07, 0.03, 0.25), "email": (0.6, 0.1, 0.05, 0.25), "address": (0.7, 0.1, 0.03, 0.17)}
USUALLY_SAME = (0.8, 0.12, 0.03, 0.05)


def linked_pairs(records: pd.DataFrame, *, at_least: float = LEAST, seed: int = 1) -> pd.DataFrame:
    """Pairs of records with their probability of being one person.

    Parameters
    ----------
    records : pandas.DataFrame
        Of `regulars.interaction.identity.records`: ``customer_id`` and columns of `regulars.labels.IdentityKind`;
        cards and logins are left to the rules.
    at_least : float
        Least probability.
    seed : int

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``other_id``, ``probability``; the surest first.

    Raises
    ------
    UserError
        Where Splink is not installed, or the records hold too little to compare.

    References
    ----------
    Fellegi, I. P. and Sunter, A. B. (1969), J. American Statistical Association 64, 1183-1210.
    """
    try:
        import splink.comparison_library as compare
        from splink import Linker, SettingsCreator, block_on
        from splink.internals.duckdb.database_api import DuckDBAPI
    except ImportError:
        raise UserError("Splink is not installed: install regulars[identity] for pairs that differ by slips.") from None
    kinds = [name for name in (*NAMES, *TEXTS, *EXACT) if name in records and records[name].notna().sum() > 1]
    blocks = [rule for rule in BLOCKS if set(rule) <= set(kinds)]
    if len(kinds) < 2 or not blocks:
        raise UserError(
            "Table identities: to compare people it takes names and at least one of birth, phone, postcode."
        )
    logging.getLogger("splink").setLevel(logging.ERROR)

    sure = [rule for rule in blocks if len(rule) > 1]
    learns = sum(_alike(records, rule) for rule in sure) >= ENOUGH
    counted = sure or blocks[:1]
    alike, pairs_in_all = sum(_alike(records, rule) for rule in counted), len(records) * (len(records) - 1) // 2

    def comparison(kind: str):
        known: dict[str, Any] = {} if learns else {"m_probabilities": list(SAME.get(kind, USUALLY_SAME))}
        if kind in NAMES:
            names = compare.JaroWinklerAtThresholds(kind, [0.92, 0.8])
            return names.configure(term_frequency_adjustments=True, **known)
        if kind in TEXTS:
            return compare.JaroWinklerAtThresholds(kind, [0.9, 0.75]).configure(**known)
        return compare.DamerauLevenshteinAtThresholds(kind, [1, 2]).configure(**known)

    rules: list[Any] = [block_on(*rule) for rule in blocks]
    settings = SettingsCreator(
        link_type="dedupe_only", comparisons=[comparison(kind) for kind in kinds], unique_id_column_name="customer_id",
        blocking_rules_to_generate_predictions=rules, retain_matching_columns=False,
        probability_two_random_records_match=(min(alike, pairs_in_all) + 0.5) / (pairs_in_all + 1),
    )  # fmt: skip
    database = DuckDBAPI()
    shown = records[["customer_id", *kinds]].astype(object).where(records[["customer_id", *kinds]].notna(), None)
    linker = Linker(database.register(shown), settings, log_level=logging.ERROR)
    if 0 < alike < RECALL * pairs_in_all:  # else the share of alike pairs would be none or all, of which no odds are
        linker.training.estimate_probability_two_random_records_match(
            [block_on(*rule) for rule in counted], recall=RECALL
        )
    linker.training.estimate_u_using_random_sampling(max_pairs=SAMPLED_PAIRS, seed=seed)
    if learns:
        _learn(linker, blocks, block_on)
    found = linker.inference.predict(threshold_match_probability=at_least).as_pandas_dataframe()
    pairs = found[["customer_id_l", "customer_id_r", "match_probability"]].set_axis(
        ["customer_id", "other_id", "probability"], axis=1
    )
    swap = pairs["customer_id"] > pairs["other_id"]
    pairs.loc[swap, ["customer_id", "other_id"]] = pairs.loc[swap, ["other_id", "customer_id"]].to_numpy()
    pairs = pairs.sort_values(
        ["probability", "customer_id", "other_id"], ascending=[False, True, True], ignore_index=True
    )
    return pairs.astype({"customer_id": "string", "other_id": "string"})


def _alike(records: pd.DataFrame, rule: tuple[str, ...]) -> int:
    """Pairs of records that are equal in all of some marks."""
    size = records.dropna(subset=list(rule)).groupby(list(rule)).size()
    return int((size * (size - 1) // 2).sum())


def _learn(linker, blocks, block_on) -> None:
    learnt = 0
    for rule in blocks:
        # where the pairs of one rule are all alike in something, nothing can be learnt from them
        with suppress(ValueError):
            linker.training.estimate_parameters_using_expectation_maximisation(
                block_on(*rule), record_sample_proportion=1.0
            )
            learnt += 1
        if learnt == TRAINED:
            return
