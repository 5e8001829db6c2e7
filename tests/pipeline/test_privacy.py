"""Pseudonyms: stable, apart by dataset and key, and refused without a key where one is needed."""

import hashlib
import hmac

import pandas as pd
import pytest

from regulars import cli
from regulars.errors import UserError
from regulars.privacy import KEY_VARIABLE, pseudonyms


def test_pseudonym_is_the_keyed_hash(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "secret")
    name = pseudonyms(["17850"], "shop")[0]
    digest = hmac.new(b"secret", b"shop\x0017850", hashlib.sha256).digest()
    number = int.from_bytes(digest) >> (256 - 60)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    assert name == "C-" + "".join(alphabet[number >> (55 - 5 * place) & 31] for place in range(12))


def test_other_dataset_or_key_gives_another_name(monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    public = pseudonyms(["1"], "cdnow")[0]
    assert pseudonyms(["1"], "demo")[0] != public
    monkeypatch.setenv(KEY_VARIABLE, "secret")
    assert pseudonyms(["1"], "cdnow")[0] != public


def test_a_private_dataset_needs_a_key(monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    with pytest.raises(UserError, match="'shop' need a key: set the environment variable REGULARS_ID_KEY"):
        pseudonyms(["1"], "shop")


def test_a_missing_key_is_told_before_any_work(monkeypatch, tmp_path, capsys):
    (tmp_path / "params.yaml").write_text(
        "common: {}\ningest: {}\npages: {}\ndatasets:\n  shop: {}\n", encoding="utf-8"
    )
    (tmp_path / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    monkeypatch.delenv("REGULARS_ID_KEY", raising=False)
    assert cli.main(["reports", "shop"]) == 1
    assert "'shop' need a key: set the environment variable REGULARS_ID_KEY" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dvc.yaml", "params.yaml"]


def test_index_is_kept_and_names_are_distinct():
    ids = pd.Series([str(n) for n in range(5000)], index=range(5, 5005))
    names = pseudonyms(ids, "demo")
    assert list(names.index) == list(ids.index)
    assert names.is_unique
