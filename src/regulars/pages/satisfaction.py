"""The satisfaction page: its sections in order, their charts and tables."""

from regulars.report import charts
from regulars.report.columns import columns
from regulars.report.layout import Page, Trend, Word, chart, section, table

SCORE = "number1:with_interval"

MAP = {"category": "driver", "x": "performance"}
ACROSS = ("performance_low", "performance_high")

LIMITS = columns(wave="text", value="number0", limit_low="number0", limit_high="number0", n="count")
BY_WAVE = {"category": "wave", "value": "value", "low": "limit_low", "high": "limit_high"}

RANKS = columns(
    rank_survey="number0:with_interval",
    rank_fuzzy="number0:with_interval",
    rank_components="number0:with_interval",
    rank_ordered_logit="number0:with_interval",
)

QUALITY = columns(
    n="count",
    performance=SCORE,
    effect="number2:with_interval",
    stated=SCORE,
    place="label:quality_place",
)

PAGE = Page(
    "satisfaction",
    "satisfaction.html",
    (
        section(
            "waves",
            front="line",
            chapter="level",
            line=chart(
                charts.lines,
                columns(wave="text", date="date_short", n="count", satisfaction=SCORE),
                x="date",
                y="satisfaction",
                from_zero=False,
            ),
            table=table(
                columns(
                    wave="text",
                    n="count",
                    satisfaction=SCORE,
                    dissatisfied="percent:with_interval",
                    nps="number0:with_interval",
                    csat="percent:with_interval",
                )
            ),
        ),
        section(
            "why",
            front="map",
            chapter="why",
            map=chart(
                charts.bubbles,
                columns(
                    driver="text",
                    effect="number2:with_interval",
                    performance=SCORE,
                    share="percent:with_interval",
                    rank_first="percent",
                    n="count",
                ),
                y="effect",
                size="share",
                ends={"effect": ("effect_low", "effect_high"), "performance": ACROSS},
                **MAP,
            ),
            questions=table(
                columns(
                    wording="text",
                    driver="text",
                    performance=SCORE,
                    effect="number2:with_interval",
                    room=SCORE,
                    rank_first="percent",
                )
            ),
        ),
        section(
            "kano",
            front="map",
            chapter="offer",
            map=chart(
                charts.bubbles,
                columns(
                    feature="text",
                    kano="label:kano_class",
                    held="percent",
                    better="percent:with_interval",
                    missed="percent:with_interval",
                    n="count",
                ),
                category="feature",
                x="missed",
                y="better",
                size="held",
                ends={"missed": ("missed_low", "missed_high"), "better": ("better_low", "better_high")},
            ),
        ),
        section(
            "attitudes",
            chapter="offer",
            nothing="alike",
            shares=chart(
                charts.heatmap,
                columns(region="text", attitude="label:attitude", customers="count", n="count", share="percent")
                | columns(share_low="percent", share_high="percent", verdict="label:change"),
                row="region",
                column="attitude",
                value="share",
                n="n",
            ),
        ),
        section(
            "cases",
            front="scores",
            instead_of="why",
            chapter="cases",
            nothing="unclear",
            scores=chart(
                charts.dots,
                columns(category="text", n="count", score=SCORE, others=SCORE, gap="number1:with_interval"),
                category="category",
                value="score",
                before="others",
                names=(Word("cases.told"), Word("cases.others")),
            ),
        ),
        section(
            "complaints",
            front="causes",
            chapter="cases",
            causes=chart(
                charts.bars,
                columns(category="text", tickets="count", share="percent:with_interval"),
                category="category",
                value="share",
            ),
            pareto=table(columns(cause="text", tickets="count", share="percent:with_interval", cumulative="percent")),
            endings=table(
                columns(
                    category="text",
                    n="count",
                    open="count",
                    resolved_quickly="percent",
                    not_satisfied="percent:with_interval",
                    median_days=SCORE,
                ),
                total=["n", "open"],
            ),
        ),
        section(
            "desk",
            front="owners",
            chapter="cases",
            nothing="alike",
            owners=chart(
                charts.dots,
                columns(owner="text", share="percent:with_interval", n="count"),
                category="owner",
                value="share",
            ),
            shares=table(columns(measure="label:desk_measure", share="percent:with_interval", n="count")),
            remedies=table(columns(requested_remedy="text", share="percent:with_interval", n="count")),
            trail=table(columns(status="text", n="count", open="count", median_hours="number1:with_interval")),
            faults=table(columns(fault="text")),
        ),
        section(
            "between",
            front="ends",
            chapter="level",
            nothing="alike",
            groups=chart(
                charts.dots,
                columns(group="text", n="count", mean="number1", value=SCORE),
                category="group",
                value="value",
            ),
            branches=table(columns(group="text", n="count", mean="number1", value=SCORE)),
            ends=table(columns(group="text", n="count", mean="number1", value=SCORE), front_rows=6),
            agents=table(columns(group="text", n="count", mean="number1", value=SCORE)),
            shares=table(
                columns(
                    between="label:variance_between",
                    groups="count",
                    n="count",
                    share="percent1:with_interval",
                    spread="number1",
                    differ="label:difference",
                )
            ),
        ),
        section(
            "switching",
            front="rates",
            chapter="money",
            nothing="unclear",
            rates=chart(
                charts.dots,
                columns(
                    state="label:satisfaction_state", share="percent:with_interval", n="count", published="percent"
                ),
                category="state",
                value="share",
                before="published",
                names=(Word("switching.own"), Word("switching.published")),
            ),
        ),
        section(
            "satisfied",
            chapter="level",
            constructs=chart(
                charts.dots,
                columns(construct="text", performance=SCORE, n="count"),
                category="construct",
                value="performance",
            ),
        ),
        section(
            "who",
            chapter="level",
            nothing="alike",
            segments=chart(
                charts.dots,
                columns("segment", "n", value=SCORE),
                category="segment",
                value="value",
            ),
        ),
        section(
            "loyalty",
            chapter="money",
            types=chart(
                charts.bars,
                columns(
                    loyalty_type="label:loyalty_type",
                    customers="count",
                    share="percent:with_interval",
                    wrong="percent",
                    n="count",
                ),
                category="loyalty_type",
                value="share",
            ),
            migration=table(
                columns(
                    before="label:loyalty_type",
                    n="count",
                    stayed="percent:with_interval",
                    to_true="percent",
                    to_latent="percent",
                    to_spurious="percent",
                    to_none="percent",
                )
            ),
        ),
        section(
            "benefits",
            chapter="money",
            nothing="unclear",
            table=chart(
                charts.dots,
                columns(
                    loyalty_type="label:loyalty_type",
                    n="count",
                    repeat="percent:with_interval",
                    faster="number0:with_interval",
                    crossing="number1:with_interval",
                    referral="percent1:with_interval",
                    immunity="number0:with_interval",
                ),
                category="loyalty_type",
                value="repeat",
            ),
        ),
        section(
            "signs",
            chapter="money",
            signs=chart(
                charts.dots,
                columns(
                    sign="label:loyalty_sign",
                    n="count",
                    share="percent1:with_interval",
                    shown="percent:with_interval",
                    others="percent:with_interval",
                    gap="points:with_interval",
                ),
                category="sign",
                value="gap",
                from_zero=True,
            ),
            strength=table(columns(signs="text", n="count", share="percent:with_interval")),
        ),
        section(
            "folk",
            chapter="money",
            sayings=table(
                columns(
                    saying="label:saying",
                    said="by:unit",
                    own="by:unit:with_interval",
                    n="count",
                    beside="label:own_figure",
                )
            ),
        ),
        section(
            "gap",
            chapter="why",
            items=chart(
                charts.shares,
                columns(wording="text", state="label:satisfaction_state", share="percent:with_interval", n="count"),
                category="wording",
                part="state",
                share="share",
                colours={"dissatisfied": charts.RISK, "satisfied": charts.BEFORE, "highly_satisfied": charts.GAIN},
            ),
        ),
        section(
            "importance",
            chapter="why",
            table=chart(
                charts.dots,
                columns(
                    factor="text",
                    rank_managers="number0",
                    weight="percent:with_interval",
                    pairwise="percent",
                    rank_customers="number0",
                    effect="number2:with_interval",
                ),
                category="factor",
                value="effect",
            ),
        ),
        section(
            "quality",
            chapter="why",
            factors=chart(
                charts.dots, columns(factor="label:service_factor") | QUALITY, category="factor", value="performance"
            ),
            keys=table(columns(factor="label:key_factor") | QUALITY, rows=26),
        ),
        section(
            "levers",
            chapter="why",
            nothing="noise",
            map=chart(
                charts.bubbles,
                columns(
                    driver="text",
                    worth="money_short:with_interval",
                    performance=SCORE,
                    left="money_short:with_interval",
                    rank_first="percent",
                    n="count",
                ),
                y="worth",
                size="room",
                ends={"worth": ("worth_low", "worth_high"), "performance": ACROSS},
                **MAP,
            ),
        ),
        section(
            "delivered",
            chapter="offer",
            nothing="unclear",
            bridge=chart(
                charts.waterfall,
                columns(part="label:value_part", amount="number1:with_interval"),
                category="part",
                amount="amount",
                is_total="is_total",
            ),
            rival=chart(
                charts.waterfall,
                columns(part="label:value_part", amount="number1:with_interval"),
                category="part",
                amount="amount",
                is_total="is_total",
            ),
            offers=table(
                columns(
                    offer="text",
                    n="count",
                    gains="number1",
                    costs="number1",
                    net="number1:with_interval",
                    ratio="number2:with_interval",
                ),
            ),
        ),
        section(
            "levels",
            chapter="offer",
            shares=chart(
                charts.bars,
                columns(
                    service_level="label:service_level",
                    encounters="count",
                    share="percent:with_interval",
                    at_least="percent:with_interval",
                ),
                category="service_level",
                value="share",
            ),
        ),
        section(
            "goods",
            chapter="cases",
            nothing="alike",
            products=chart(
                charts.dots,
                columns(product="text", complaints="count", n="count", per_thousand="number1:with_interval"),
                category="product",
                value="per_thousand",
                from_zero=True,
            ),
            units=table(
                columns(
                    product="text",
                    n="count",
                    repaired="count",
                    share="percent:with_interval",
                    cost="money",
                    under_warranty="count",
                )
            ),
            parts=table(
                columns(part="text", repaired="count", share="percent:with_interval", cost="money", renewed="count")
            ),
        ),
        section(
            "phase",
            chapter="cases",
            phases=chart(
                charts.bars,
                columns(sale_phase="label:sale_phase", tickets="count", share="percent:with_interval"),
                category="sale_phase",
                value="share",
            ),
        ),
        section(
            "service",
            chapter="cases",
            steps=chart(
                charts.bars,
                {"step": "label:handling_step", "share": "percent:with_interval", "n": "count"},
                category="step",
                value="share",
            ),
            sla=table(
                {
                    "step": "label:promise",
                    "hours": "count",
                    "share": "percent:with_interval",
                    "overdue": "count",
                    "n": "count",
                }
            ),
        ),
        section(
            "returned",
            chapter="cases",
            nothing="unclear",
            cells=table(
                {
                    "outcome": "label:outcome",
                    "loss": "label:loss",
                    "share": "percent:with_interval",
                    "n": "count",
                    "published": "percent",
                }
            ),
        ),
        section(
            "comeback",
            chapter="cases",
            groups=chart(
                charts.dots,
                columns(
                    experience="label:case_experience",
                    n="count",
                    share="percent:with_interval",
                    satisfaction=SCORE,
                    attitude=SCORE,
                    referred="percent1:with_interval",
                ),
                category="experience",
                value="share",
            ),
        ),
        section(
            "further",
            chapter="cases",
            steps=chart(
                charts.dots,
                columns(contacts="text", n="count", satisfaction=SCORE, cost="money"),
                category="contacts",
                value="satisfaction",
            ),
        ),
        section(
            "handed",
            chapter="cases",
            transfers=chart(
                charts.dots,
                columns(transfers="text", n="count", share="percent:with_interval", hours="number1:with_interval"),
                category="transfers",
                value="share",
            ),
            hands=table(columns(before="text", after="text", n="count", hours="number1")),
        ),
        section(
            "followup",
            chapter="cases",
            remedies=table(columns(verdict="text", n="count", share="percent:with_interval")),
        ),
        section(
            "knowledge",
            chapter="cases",
            questions=table(
                columns(
                    question="text",
                    n="count",
                    twice="count",
                    share="percent:with_interval",
                    known="percent",
                    hours="number1",
                )
            ),
        ),
        section(
            "flow",
            chapter="cases",
            nothing="steady",
            line=chart(
                charts.lines,
                columns(month="month_short", complaints="count", series="label:flow_series", per_thousand="number1"),
                across="series",
                x="month",
                y="per_thousand",
                by="series",
                low="low",
                high="high",
            ),
            backlog=table(
                columns(month="month_short", opened="count", closed="count", backlog="count", mean_age_days="count")
            ),
        ),
        section(
            "channels",
            chapter="cases",
            table=chart(
                charts.bars,
                columns(
                    channel="label:listening_channel",
                    voices="count",
                    reach="percent",
                    topic="text",
                    share="percent:with_interval",
                ),
                category="channel",
                value="share",
            ),
        ),
        section(
            "worth",
            chapter="money",
            nothing="none",
            value=chart(
                charts.dots,
                {
                    "position": "label:satisfaction_level",
                    "satisfaction": "number1",
                    "value": "money:with_interval",
                    "n": "count",
                },
                category="position",
                value="value",
            ),
            assumptions=table(
                columns(
                    assumption="label:assumption",
                    rate_pct="percent",
                    dropout_pct="percent",
                    at_risk="money_short:with_interval",
                )
            ),
        ),
        section(
            "measured",
            chapter="methods",
            quality=table(
                columns(
                    construct="text",
                    items="count",
                    ave="number2",
                    composite_reliability="number2",
                    alpha="number2",
                    htmt="number2",
                    r_squared="number2",
                )
            ),
            weights=table(
                columns(wording="text", construct="text", share="percent", weight="number2", loading="number2")
            ),
        ),
        section(
            "methods",
            chapter="methods",
            nothing=("unclear", "none"),
            foretell=chart(
                charts.dots,
                columns(score="label:method", auc="number2:with_interval", behind="number2:with_interval", n="count"),
                category="score",
                value="auc",
            ),
            ranks=table(columns(group="label:segment", n="count") | RANKS),
            branches=table(columns(group="text", n="count") | RANKS),
            agreement=table(
                columns(first="label:method", second="label:method", correlation="number2:with_interval", n="count")
            ),
            operators=table(
                columns(
                    operator="label:fuzzy_operator",
                    very_low="number2",
                    low="number2",
                    middle="number2",
                    high="number2",
                    very_high="number2",
                    chosen="label:grade",
                )
            ),
        ),
        section(
            "recommend",
            chapter="methods",
            nothing=("unclear", "none"),
            foretell=chart(
                charts.dots,
                columns(score="label:method", auc="number2:with_interval", behind="number2:with_interval", n="count"),
                category="score",
                value="auc",
            ),
            measures=table(
                columns(
                    score="label:method",
                    value="number0:with_interval",
                    n="count",
                    needed="count",
                    waves="count",
                    outside="count",
                )
            ),
            nps=chart(charts.dots, LIMITS, **BY_WAVE),
            csat=chart(charts.dots, LIMITS, **BY_WAVE),
            ces=chart(charts.dots, LIMITS, **BY_WAVE),
        ),
        section(
            "sample",
            chapter="methods",
            plan=chart(
                charts.bars,
                columns(
                    segment="label:segment",
                    customers="count",
                    spread="number1",
                    response="percent",
                    answers="count",
                    invite="count",
                    width="number1",
                ),
                category="segment",
                value="invite",
            ),
            list=table(columns(segment="label:segment", draw="count", customer="text")),
        ),
    ),
    trends={
        "satisfaction": Trend("waves.line", "date", "satisfaction", "number1"),
        "nps": Trend("waves.table", "date", "nps", "number0"),
    },
    scales={"satisfaction": (0.0, 100.0), "nps": (-100.0, 100.0)},
)
