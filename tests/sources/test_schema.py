"""The schema of mappings, which editors complete from: it lists what each table has, and every key is explained."""

import pytest

from regulars.catalog.tables import CLEAN_TABLES
from regulars.sources.mapping import source_schema


@pytest.mark.parametrize("table", CLEAN_TABLES, ids=lambda table: table.name)
def test_each_table_lists_its_columns_and_their_values(table):
    told = source_schema()["properties"]["tables"]["properties"][table.name]["description"]
    words = told.partition(" Columns: ")[2].replace("(", " ").replace(")", " ").replace(";", " ").replace(",", " ")
    named = set(words.rstrip(".").split())
    for column in table.columns:
        assert column.name in named
        assert set(map(str, column.choices)) <= named


def test_every_key_of_a_table_is_explained():
    schema = source_schema()
    table = schema["$defs"]["table"]["properties"]
    spec = table["columns"]["additionalProperties"]["oneOf"][1]["properties"]
    for keys in (table, table["format"]["properties"], spec):
        for key, about in keys.items():
            about = schema["$defs"][about["$ref"].rpartition("/")[2]] | about if "$ref" in about else about
            assert about.get("description"), key
