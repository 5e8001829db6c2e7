"""Real order logs beside the project, as purchases: CDNOW, UCI Online Retail, The Complete Journey."""

import importlib.util
from functools import cache
from pathlib import Path

import pandas as pd

from regulars.purchases import Purchases

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@cache
def cdnow(sample: bool = False) -> Purchases:
    """CDNOW, 1997-01-01 to 1998-06-30: the master log, or every tenth customer."""
    folder = Path(importlib.util.find_spec("lifetimes").submodule_search_locations[0]) / "datasets"
    names = ["customer_id", "day", "quantity", "amount"]
    file, header = (folder / "CDNOW_sample.txt", 0) if sample else (folder / "CDNOW_master.txt", 1)
    names = ["number", *names] if sample else names
    orders = pd.read_csv(file, sep=r"\s+", skiprows=header, names=names, dtype={"customer_id": "string", "day": str})
    orders["ordered_at"] = pd.to_datetime(orders["day"], format="%Y%m%d")
    return Purchases.of(orders, zero_spend_is_purchase=True)


@cache
def uci() -> Purchases:
    """UCI Online Retail, 2010-12-01 to 2011-12-09: lines of identified customers, returns netted within the day."""
    file = SHARED / "uci_online_retail" / "online_retail_2010-12_2011-12.csv.gz"
    lines = pd.read_csv(file, dtype=str)
    lines.columns = [name.strip().lower().replace(" ", "_").replace("customerid", "customer_id") for name in lines]
    lines = lines[lines["customer_id"].notna()]
    price = next(name for name in lines if "price" in name)
    date = next(name for name in lines if "date" in name)
    amount = lines["quantity"].astype(float) * lines[price].astype(float)
    table = {"customer_id": lines["customer_id"].str.removesuffix(".0").astype("string"), "amount": amount}
    return Purchases.of(pd.DataFrame(table | {"ordered_at": pd.to_datetime(lines[date])}))


@cache
def complete_journey() -> Purchases:
    """The Complete Journey, a year of grocery baskets of 2,469 households."""
    lines = pd.read_parquet(SHARED / "complete_journey" / "transactions.parquet")
    moment = next(name for name in lines if "time" in name and "stamp" in name)
    table = {"customer_id": lines["household_id"].astype(str).astype("string"), "amount": lines["sales_value"]}
    return Purchases.of(pd.DataFrame(table | {"ordered_at": pd.to_datetime(lines[moment])}))


LOGS = {"cdnow": cdnow, "uci": uci, "complete_journey": complete_journey}
TRIPLES = [  # log, last day known, days forecast: in each log what its length allows
    ("cdnow", "1997-09-30", 273),
    ("cdnow", "1997-06-30", 365),
    ("cdnow", "1997-12-31", 181),
    ("cdnow", "1997-06-30", 184),
    ("uci", "2011-06-10", 182),
    ("uci", "2011-09-09", 91),
    ("uci", "2011-04-30", 223),
    ("complete_journey", "2017-06-30", 184),
    ("complete_journey", "2017-09-30", 92),
    ("complete_journey", "2017-05-31", 214),
]
