"""Pseudonyms: stable, apart by dataset and key, and refused without a key where one is needed."""

import hashlib
import hmac

import pandas as pd
import pytest
import yaml

from regulars import cli
from regulars.errors import UserError
from regulars.privacy import KEY_VARIABLE, key_file, need_key_of_pages, pseudonyms, record_key

SECRET = "a secret of some length"


def test_pseudonym_is_the_keyed_hash(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    name = pseudonyms(["17850"], "shop")[0]
    digest = hmac.new(SECRET.encode(), b"shop\x0017850", hashlib.sha256).digest()
    number = int.from_bytes(digest) >> (256 - 60)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    assert name == "C-" + "".join(alphabet[number >> (55 - 5 * place) & 31] for place in range(12))


def test_other_dataset_or_key_gives_another_name(monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    assert pseudonyms(["1"], "demo")[0] != pseudonyms(["1"], "cdnow")[0]
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    mine = pseudonyms(["1"], "shop")[0]
    monkeypatch.setenv(KEY_VARIABLE, SECRET + " and more")
    assert pseudonyms(["1"], "shop")[0] != mine


def test_the_public_key_goes_with_the_shipped_sources_and_not_with_a_name(monkeypatch, tmp_path):
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    public = pseudonyms(["1"], "cdnow")[0]  # the same everywhere, whatever key is set for the firm's own
    sources = tmp_path / "data" / "sources"
    sources.mkdir(parents=True)
    (sources / "cdnow.yaml").write_text("tables: {orders: {path: ours.csv}}\n", encoding="utf-8")
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    assert pseudonyms(["1"], "cdnow")[0] != public
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(UserError, match="'cdnow' need a key"):
        pseudonyms(["1"], "cdnow")


def test_a_short_key_is_refused(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "hunter2")
    with pytest.raises(UserError, match=r"REGULARS_ID_KEY has 7 characters, .* at least 16"):
        pseudonyms(["1"], "shop")


def test_another_key_makes_stages_run_and_lists_wait(monkeypatch, tmp_path):
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    record_key("shop")
    first = key_file("shop").read_bytes()
    assert SECRET.encode() not in first
    need_key_of_pages("shop")
    monkeypatch.setenv(KEY_VARIABLE, "another secret of some length")
    with pytest.raises(UserError, match="'shop' were made under another REGULARS_ID_KEY"):
        need_key_of_pages("shop")
    record_key("shop")
    assert key_file("shop").read_bytes() != first
    monkeypatch.delenv(KEY_VARIABLE)
    record_key("shop")  # nothing may have to be made: a stage complains where something has


def test_stages_that_make_pseudonyms_depend_on_the_fingerprint_of_the_key(root):
    stages = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    for name, stage in stages.items():
        depends = stage["do"]["deps"]
        assert ("data/keys/${key}" in depends) == ("src/regulars/privacy.py" in depends), name


def test_a_private_dataset_needs_a_key(monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    with pytest.raises(UserError, match="'shop' need a key: set the environment variable REGULARS_ID_KEY"):
        pseudonyms(["1"], "shop")


def test_a_missing_key_is_told_before_any_work(monkeypatch, tmp_path, capsys, root):
    settings = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8")) | {"datasets": {"shop": {}}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    (tmp_path / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    monkeypatch.delenv("REGULARS_ID_KEY", raising=False)
    assert cli.main(["reports", "shop"]) == 1
    assert "'shop' need a key: set the environment variable REGULARS_ID_KEY" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dvc.yaml", "logs", "params.yaml"]


def test_index_is_kept_and_names_are_distinct():
    ids = pd.Series([str(n) for n in range(5000)], index=range(5, 5005))
    names = pseudonyms(ids, "demo")
    assert list(names.index) == list(ids.index)
    assert names.is_unique
