"""Customers who are to be forgotten: their rows are taken out of what came before anything is kept."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from regulars.errors import UserError
from regulars.privacy import fingerprints, forgotten
from regulars.sources.files import read_text
from regulars.sources.mapping import Mapping
from regulars.sources.refunds import order_name

# columns that name a customer to whom the row belongs; of those who are only mentioned the cell is emptied
OWNERS = ("customer_id", "referrer_id", "referred_id", "other_id")
MENTIONS = ("referred_by",)
CASES = "ticket_id"  # what belongs to a case goes with it


class Forgotten:
    """Takes out the rows of customers who are to be forgotten.

    Parameters
    ----------
    mapping : Mapping
    """

    def __init__(self, mapping: Mapping):
        self._mapping, self._listed = mapping, forgotten(mapping.name)
        self._cases: set[str] = set()
        self._orders: set[str] = set()

    def taken_out(self, name: str, folder: Path, copies: list[str]) -> tuple[list[str], int]:
        """Files of a table without the rows of those who are to be forgotten, and how many rows that were.

        A file that loses rows is kept as Parquet, all text, since it is no longer as it came; one that has none of
        theirs stays.
        """
        if not self._listed:
            return copies, 0
        kept, count = [], 0
        for copy in copies:
            table = self._mapping.tables[name]
            read = read_text(folder / copy, table["format"], copy, self._mapping.time_zone)
            header, data = read.header, read.data
            keep, mentioned = self._who(name, header, data)
            if "path" in table["refunds"]:
                numbers = data.column(header.index(table["columns"]["order_id"]["column"])).filter(pc.invert(keep))
                self._orders |= {self._order(name, one) for one in numbers.to_pylist() if one}
            left_out = data.num_rows - pc.sum(keep).as_py() if data.num_rows else 0
            if not left_out and not mentioned:
                kept.append(copy)
                continue
            for place, values in mentioned.items():
                data = data.set_column(place, data.column_names[place], values)
            (folder / copy).unlink()
            kept.append(f"{copy}.parquet")
            pq.write_table(data.filter(keep).rename_columns(list(header)), folder / kept[-1], compression="zstd")
            count += left_out
        return kept, count

    def refunds_taken_out(self, name: str, folder: Path, copies: list[str]) -> list[str]:
        """Files of refunds of a table without those of orders that were taken out of it."""
        table = self._mapping.tables[name]
        rule = table["refunds"]
        if not self._listed:
            return copies
        kept = []
        for copy in copies:
            read = read_text(folder / copy, rule.get("format", table["format"]), copy, self._mapping.time_zone)
            given = {target: read.data.column(read.header.index(column)) for target, column in rule["columns"].items()
                     if column in read.header}  # fmt: skip
            keep = pa.array([self._order(name, one) not in self._orders for one in given["of"].to_pylist()], pa.bool_())
            if "customer_id" in given:
                keep = pc.and_(keep, pc.invert(self._listed_in(given["customer_id"])))
            if pc.all(keep).as_py():
                kept.append(copy)
                continue
            (folder / copy).unlink()
            kept.append(f"{copy}.parquet")
            rows = read.data.filter(keep).rename_columns(list(read.header))
            pq.write_table(rows, folder / kept[-1], compression="zstd")
        return kept

    def _order(self, name: str, number: str) -> str:
        return order_name(self._mapping.tables[name]["columns"]["order_id"], number)

    def _who(self, name: str, header: tuple[str, ...], data: pa.Table) -> tuple[pa.Array, dict[int, pa.Array]]:
        """Rows to keep; and columns, by their place, in which somebody is only mentioned, with those cells empty."""
        columns = self._mapping.tables[name]["columns"]
        named = {target: str(spec["column"]) for target, spec in columns.items() if "column" in spec}
        if hidden := [column for target, column in named.items() if target in OWNERS and column not in header]:
            raise UserError(
                f"{self._mapping.file}: tables.{name}: the file itself has no column '{hidden[0]}', so that nobody can "
                "be taken out of it: take those who are to be forgotten out of the source."
            )
        places = {target: header.index(column) for target, column in named.items() if column in header}
        gone = pa.array([False] * data.num_rows)
        for target in (one for one in OWNERS if one in places):
            gone = pc.or_(gone, self._listed_in(data.column(places[target])))
        if CASES in places:
            cases = data.column(places[CASES])
            gone = pc.or_(gone, pc.is_in(cases, pa.array(sorted(self._cases), pa.string())))
            self._cases |= set(cases.filter(gone).to_pylist())
        mentioned = {places[one]: self._listed_in(data.column(places[one])) for one in MENTIONS if one in places}
        return pc.invert(gone), {
            place: pc.if_else(those, "", data.column(place))
            for place, those in mentioned.items()
            if pc.any(those).as_py()
        }

    def _listed_in(self, values) -> pa.Array:
        distinct = [one for one in values.unique().to_pylist() if one]
        marks = fingerprints(distinct, self._mapping.name)
        names = [one for one, mark in zip(distinct, marks, strict=True) if mark in self._listed]
        return pc.is_in(values, pa.array(names, pa.string())).combine_chunks()
