"""Real experiments and outcomes as whole projects, mapped as a firm would map them: what the actions page says."""

import pandas as pd
import pytest

from sample_project import TELCO_ORDERS, build_real, run

pytestmark = [pytest.mark.full, pytest.mark.pipeline, pytest.mark.xdist_group("actions_projects")]
MAILS = """\
title: E-mails by lot
currency: USD
simulated: false
observation_end: 2008-03-14
tables:
  orders:                       # a year's spend on the last day of it, and what came in the two weeks after the mails
    url: duckdb://
    query: |
      WITH mails AS (SELECT *, row_number() OVER () AS number FROM read_csv('{file}'))
      SELECT 'b' || number AS id, number AS customer, history AS paid,
        DATE '2008-02-29' - to_months(recency::int) + INTERVAL 20 DAY AS day FROM mails
      UNION ALL
      SELECT 'a' || number, number, spend, TIMESTAMP '2008-03-04' FROM mails WHERE spend > 0
      ORDER BY 1
    columns: {{order_id: id, customer_id: customer, ordered_at: day, amount: paid}}
  campaigns:
    url: duckdb://
    query: |
      SELECT 'mails' AS id, 'Two e-mails' AS name, DATE '2008-03-01' AS starts, 14 AS days, 1/3 AS control,
        .05 * 42694 AS cost
    columns: {{campaign_id: id, name: name, starts_at: starts, outcome_days: days, control_share: control,
      actual_cost: cost}}
  campaign_contacts:
    url: duckdb://
    query: |
      SELECT 'mails' AS campaign, row_number() OVER () AS customer, segment = 'No E-Mail' AS kept_back,
        CASE WHEN segment <> 'No E-Mail' THEN segment END AS arm
      FROM read_csv('{file}')
    columns: {{campaign_id: campaign, customer_id: customer, is_control: kept_back, arm: arm}}
"""
TELCO = (
    TELCO_ORDERS
    + """\
  credit:                       # who left, and what was known beforehand
    path: {file}
    columns: {{customer_id: customerID, outcome: Churn, contract: Contract, internet: InternetService, tenure: tenure,
      security: OnlineSecurity, support: TechSupport, payment: PaymentMethod, monthly: MonthlyCharges}}
"""
)
FILES = {
    "mails": (MAILS, "hillstrom_email/hillstrom_email.csv", {}),
    "telco": (TELCO, "telco_churn/telco_ibm_7043.csv", {"actions": {"tree": {"outcome": "left"}}}),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory, shared_data):
    """Page, details and folder of tables of a real dataset, built once each."""
    made = {}

    def of(name: str):
        mapping, file, changes = FILES[name]
        if not (shared_data / file).is_file():
            pytest.skip(f"{file} lies beside the project on some machines only")
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            build_real(folder, name, mapping.format(file=shared_data / file), changes)
            done = run(folder, "reports")
            assert done.returncode == 0, done.stdout + done.stderr
            pages = folder / "reports" / name
            texts = [(pages / f"actions{level}.html").read_text(encoding="utf-8") for level in ("", "-detail")]
            made[name] = *texts, pages / "tables/actions"
        return made[name]

    return of


def test_the_mens_mail_should_go_to_all(built):
    page, _, tables = built("mails")
    assert "Two e-mails: Mens E-Mail should go to all: choosing among customers does not beat asking everybody" in page
    assert "1 of 1 campaigns changed what customers spend; Two e-mails: Mens E-Mail, 2008-03 did most" in page
    assert "as the mean of such campaigns" not in page, "one campaign with two ways is no mean of campaigns"
    told = pd.read_csv(tables / "campaigns.several.csv").set_index("campaign")
    mens = told.loc["Two e-mails: Mens E-Mail, 2008-03"]
    assert [mens["raw"], mens["ordered_gap"]] == pytest.approx([0.7698271559, 0.0068050065], abs=1e-9)
    assert told["raw"].tolist()[1] == pytest.approx(0.4244122159, abs=1e-9) and (told["effect_low"] > 0).all()
    assert mens["effect"] == pytest.approx(mens["raw"], abs=0.01), "spend of the two weeks before explains little"
    money = pd.read_csv(tables / "campaigns.money.csv").set_index("campaign")
    assert money["break_even"].tolist() == pytest.approx((0.3 * told["effect"]).tolist(), rel=1e-9)


def test_who_leaves_a_telephone_firm_is_told_as_that(built):
    page, _, tables = built("telco")
    leaves = pd.read_csv(tables / "tree.leaves.csv")
    first = leaves.iloc[0]
    assert first["rule"].startswith("contract = Month-to-month") and first["rate"] > 0.6
    assert first["todo"] == "hold" and leaves.iloc[-1]["todo"] == "let_be"
    assert f"Of those with “{first['rule']}”" in page and "leave" in page
    assert "do not pay" not in page and "Applicants" not in page
