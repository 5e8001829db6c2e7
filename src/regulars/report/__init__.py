"""What management reads: wording, charts, tables and the page made of them.

A whole notebook, in small; the page is made of what its calls display, its code and its markdown stay out::

    # parameters                                  (cell tagged "parameters")
    dataset = "demo"
    language = "en"
    interval_level = 0.9

    from regulars import catalog
    from regulars.report import Report

    report = Report("value", catalog.about(dataset), language=language, interval_level=interval_level)

    worth = Estimate(412_000, 371_000, 455_000, n=4_210)
    report.answer(worth=worth)                                      # h1, the sentence below it, the card on the index
    report.tile("worth", worth, unit="money_short")                 # up to four; also a metric

    report.section("concentration")                                 # the manager's question and the finding
    report.say("concentration.text", top=0.2, share=0.55)           # a paragraph
    report.chart("concentration.lorenz", curves, gini=0.6)          # looks: layouts/value.py
    report.table("tiers", tiers)
    report.sure("concentration.sure", draws=400)                    # "How sure?"
    report.tell("equity", finding)                                  # such a section in one call, of a `Finding`
    report.action("call", customers=200, brings=Estimate(12_000, 9_000, 16_000))
    report.term("clv", "interval", horizon_months=12, margin=0.3, annual_discount_rate=0.1)
    report.close()                                                  # footer; writes metrics/value.json

how its charts and tables look, in ``layouts/value.py``::

    LAYOUT = {
        "concentration.lorenz": chart(charts.lorenz, ["customer_share", "value_share", "curve"], x="customer_share",
                                      y="value_share", by="curve", equal=Word("concentration.equal")),
        "tiers": table(columns("tier", "customers", clv="money:with_interval"), total=["customers"]),
    }

and its wording, in ``wording/en.po`` below the line ``# ---- value ----`` (``msgid`` then ``msgstr``)::

    value.answer                     "Our customers will bring {worth:money_short} in the next year"
    value.answer.lead                "Between {worth.low:money_short} and {worth.high:money_short}, …"
    value.answer.card                (optional; else the answer itself stands on the index's card)
    value.tile.worth                 "Value of the base, 12 months"         value.tile.worth.note   (optional)
    value.concentration.question     "Who carries it?"
    value.concentration.title        "One in five customers brings half of it"
    value.concentration.text         "The top {top:percent} hold {share:percent} …"
    value.concentration.lorenz.alt   "Lorenz curve …: Gini {gini:number2}"  value.concentration.lorenz.caption
    value.tiers.caption              "Customers by expected value"
    value.concentration.sure         "… {draws:count} simulated futures …"
    value.action.call                "Call the {customers:count} most valuable …"
    value.action.call.brings         "brings {brings:money_short:interval}" value.action.call.owner "Sales"
    value.models                     (optional) the models, for the footer; facts given to close()

With ``verdict="worse"`` the sentence is that of ``value.answer.worse`` (and ``.worse.lead``), of
``value.concentration.title.worse``, of ``value.tile.worth.worse`` (the state below a tile). A key is looked for under
the stage first and then as it is, so that columns, axes and terms are shared: ``value.column.tier``, ``column.tier``.
Every fact that is given must be used by one of the call's sentences, and every fact they use must be given;
``title``, ``start``, ``end`` (of the data), ``level`` (of the intervals) and ``stage`` are always there.
"""

from regulars.lazy import exports

_HOMES = {
    "page": ("Report",),
    "wording": ("Wording", "WordingError"),
    "charts": ("charts",),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
