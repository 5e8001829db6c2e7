"""Real shops as whole projects: a wholesaler without contracts, and a telephone company with nothing but contracts."""

import json

import pandas as pd
import pytest

from sample_project import TELCO_ORDERS, build_real, run

ALWAYS = ("calls", "cohorts", "groups", "base", "states", "needs", "worth", "last", "judged", "closed")
pytestmark = [pytest.mark.full, pytest.mark.pipeline, pytest.mark.xdist_group("retention_projects")]
UCI = """\
title: Online Retail
currency: GBP
simulated: false
observation_end: last_order_day
tables:
  order_lines:
    path: {file}
    columns:
      order_id: InvoiceNo
      customer_id: CustomerID
      ordered_at: InvoiceDate
      product_id: StockCode
      quantity: Quantity
      unit_price: UnitPrice
      description: Description
    duplicates: merge
    cancellations: {{order_id_prefix: C, negative_quantity: true}}
    non_products: {{codes: [POST, DOT, M, D, BANK CHARGES, AMAZONFEE, CRUK, S, PADS, C2]}}
"""
TELCO = (
    TELCO_ORDERS
    + """\
  contracts:
    url: duckdb://
    query: |
      SELECT "customerID" AS customer, '2020-01-01'::date - to_months(tenure::int) AS started,
        CASE "Churn" WHEN 'Yes' THEN '2020-01-01' END AS ended, "MonthlyCharges" AS fee
      FROM read_csv('{file}', all_varchar = true) WHERE tenure <> '0'
    columns: {{contract_id: customer, customer_id: customer, started_at: started, ended_at: ended, monthly_fee: fee}}
"""
)
FILES = {
    "uci": (UCI, "uci_online_retail/online_retail_2010-12_2011-12.csv.gz"),
    "telco": (TELCO, "telco_churn/telco_ibm_7043.csv"),
}


@pytest.fixture(scope="module", params=FILES)
def built(request, tmp_path_factory, shared_data) -> dict:
    """Folder of a copy of the project with one real dataset, built once."""
    mapping, file = FILES[request.param]
    if not (shared_data / file).is_file():
        pytest.skip(f"{file} lies beside the project on some machines only")
    folder = tmp_path_factory.mktemp(request.param)
    build_real(folder, request.param, mapping.format(file=shared_data / file))
    done = run(folder, "reports")
    assert done.returncode == 0, done.stdout + done.stderr
    notebook = json.loads((folder / f"reports/{request.param}/executed/retention.ipynb").read_text(encoding="utf-8"))
    page = (folder / f"reports/{request.param}/retention.html").read_text(encoding="utf-8")
    return {"name": request.param, "folder": folder, "page": page, "notebook": notebook}


def test_every_section_stands(built):
    for name in ALWAYS:
        assert f'id="retention-section-{name}"' in built["page"], name


def test_what_it_could_not_do_is_said(built):
    said = {
        "uci": (
            "How long contracts last cannot be told",
            "What referrals bring cannot be told",
            "winning is five times dearer",
        ),
        "telco": ("What referrals bring cannot be told", "Whether the jar is nearly empty cannot be told"),
    }
    for sentence in said[built["name"]]:
        assert sentence in built["page"], sentence


def test_contracts_are_told_where_there_are_any(built):
    assert ("Still under contract, by renewals" in built["page"]) == (built["name"] == "telco")


def test_quantities_of_a_wholesaler_date_nobody(built):
    """Who takes hundreds of products comes for others before one of them is used up."""
    if built["name"] == "uci":
        assert "How much customers take hardly tells when they come back" in built["page"]


def test_identities_hold(built):
    table = pd.read_csv(built["folder"] / f"reports/{built['name']}/tables/retention/last.agreed.csv")
    assert len(table) == 12 and table["holds"].all()


def test_rankings_are_beside_recency(built):
    if built["name"] == "telco":  # everybody is billed every month: there is nobody to rank above another
        assert "cannot be told: one of the two flagged nobody, or everybody" in built["page"]
        return
    table = pd.read_csv(built["folder"] / f"reports/{built['name']}/tables/retention/judged.rankings.csv")
    print(table.to_string())
    assert table["score"].tolist() == ["p_active", "expected_orders", "own_rhythm", "recency"]
    assert table["auc"].between(0, 1).all()
