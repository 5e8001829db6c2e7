"""The actions page: its sections in order, their charts and tables."""

from regulars.report import charts
from regulars.report.columns import columns
from regulars.report.layout import Page, chart, section, table

MONEY = "money:with_interval"
SHARE = "percent:with_interval"

PAGE = Page(
    "actions",
    "actions.html",
    (
        section(
            "monday",
            front="kinds",
            chapter="monday",
            list=table(
                columns(
                    "rank",
                    errand="label:errand",
                    who="text",
                    channel="text",
                    worth="money",
                    cost="money",
                    net=MONEY,
                    pays_from="percent",
                ),
                if_known=("net", "pays_from"),
            ),
            kinds=table(
                columns(errand="label:errand", n="count", worth="money", cost="money"),
                total=["n", "cost"],
                rows=10,
                front=["errand", "n", "cost"],
            ),
        ),
        section(
            "campaigns",
            needs="campaigns",
            front="effects",
            chapter="campaigns",
            nothing="none",
            effects=chart(
                charts.dots,
                columns(campaign="text", contacted="count", controls="count", effect=MONEY, verdict="label:change"),
                category="campaign",
                value="effect",
            ),
            money=table(
                columns(
                    campaign="text",
                    contacted="count",
                    cost_each="money",
                    break_even=MONEY,
                    net="money_short:with_interval",
                ),
                rows=14,
            ),
            several=table(
                columns(
                    campaign="text",
                    ordered_gap="points1:with_interval",
                    raw="money",
                    effect=MONEY,
                    variance_ratio="percent",
                    detectable="money",
                    needed_share="percent",
                ),
                rows=14,
            ),
            bonds=table(
                columns(bond="text", campaigns="count", contacted="count", effect=MONEY, verdict="label:change")
            ),
        ),
        section(
            "next",
            needs="campaigns",
            front="groups",
            chapter="campaigns",
            groups=chart(
                charts.dots,
                columns(group="label:eve", cut="number0", n="count", effect=MONEY, others=MONEY, p_adjusted="chance"),
                category="group",
                value="effect",
                before="others",
            ),
            leaves=table(columns(rule="text", n="count", built="money", effect=MONEY)),
        ),
        section(
            "clubs",
            needs="memberships",
            front="ways",
            chapter="clubs",
            ways=chart(
                charts.dots,
                columns(way="label:club_way", n="count", ratio="number2:with_interval"),
                category="way",
                value="ratio",
            ),
            all=table(
                columns(programme="text", way="label:club_way", n="count", ratio="number2:with_interval"), rows=12
            ),
            rewards=table(
                columns(
                    "tier",
                    programme="text",
                    members="count",
                    spend="money_short",
                    reward_cost="money",
                    reward_share="percent1",
                ),
                rows=12,
            ),
            points=table(columns(kind="label:club_kind", point="label:club_point", answer="label:answer"), rows=10),
        ),
        section(
            "tree",
            needs="credit",
            front="leaves",
            chapter="tree",
            nothing="unclear",
            leaves=table(
                columns(rule="text", n="count", rate=SHARE, lift="number1", todo="label:leaf"),
                front=["rule", "n", "rate", "todo"],
                front_rows=3,
            ),
            fields=table(
                columns(field="text", information_value="number2", psi="number2", limit="number2", p_value="chance")
            ),
        ),
        section(
            "desk",
            needs="prospects",
            front="ways",
            chapter="desk",
            ways=chart(
                charts.dots,
                columns(way="label:pipeline_way", n="count", worth="money_short:with_interval"),
                category="way",
                value="worth",
            ),
            funnel=table(
                columns(
                    stage="text",
                    prospects="count",
                    quoted="money_short",
                    median_days="count",
                    overdue="count",
                    past_close="count",
                ),
                total=["prospects", "quoted", "overdue", "past_close"],
            ),
            ends=chart(
                charts.lines,
                columns(time="count", cause="label:prospect_end", share="percent"),
                across="cause",
                x="time",
                by="cause",
                step=True,
                y="share",
                low="share_low",
                high="share_high",
            ),
        ),
        section(
            "wallet",
            needs="wallet",
            front="segments",
            chapter="wallet",
            segments=chart(
                charts.dots,
                columns("n", segment="label:segment", share=SHARE, spend="money", elsewhere="money"),
                category="segment",
                value="share",
            ),
            competitors=table(columns(competitor="text", n="count", users="percent", share="percent")),
            list=table(
                columns(
                    "customer", "p_active", wallet="money", share="percent", elsewhere="money", check="label:answer"
                )
            ),
        ),
        section(
            "plans",
            needs="campaigns",
            chapter="campaigns",
            plans=table(
                columns(
                    name="text",
                    starts_at="date_short",
                    planned_cost="money",
                    actual_cost="money",
                    contacted="count",
                    reached="percent",
                    attended="percent",
                    responded="percent",
                    bought="count",
                    target="count",
                ),
                rows=12,
            ),
            goals=table(
                columns(
                    name="text",
                    starts_at="date_short",
                    is_specific="label:answer",
                    is_achievable="label:answer",
                    is_dated="label:answer",
                    is_compatible="label:answer",
                ),
                rows=12,
            ),
        ),
        section(
            "uncontrolled",
            needs="campaigns",
            chapter="campaigns",
            nothing="none",
            placebo=table(
                columns(
                    name="text",
                    starts_at="date_short",
                    reached="count",
                    cost="money",
                    responded="percent",
                    during=MONEY,
                    before=MONEY,
                )
            ),
        ),
        section(
            "chances",
            needs="prospects",
            chapter="desk",
            nothing="hold",
            reliability=chart(
                charts.dots,
                columns("n", stated="percent", won=SHARE, told="percent"),
                category="stated",
                value="won",
                before="told",
            ),
            reasons=table(
                columns(by="label:won_by", group="text", n="count", won=SHARE, gap="points1:with_interval"), rows=16
            ),
            within=table(
                columns(source="text", group="text", n="count", won=SHARE, gap="points1:with_interval"), rows=16
            ),
        ),
        section(
            "plan",
            needs="activities",
            chapter="desk",
            nothing="alike",
            months=chart(
                charts.columns,
                columns(month="month_short", planned="count", done="count", missed="count"),
                x="month",
                values=["done", "missed"],
                colours={"done": charts.NOW, "missed": charts.RISK},
            ),
            weeks=table(columns(week="date_short", planned="count", done="count", missed="count"), rows=20),
            owners=table(columns(owner="text", n="count", kept=SHARE, gap="points1:with_interval")),
        ),
        section(
            "mind",
            needs="recall",
            chapter="wallet",
            brands=table(columns(brand="text", n="count", first=SHARE, named=SHARE)),
        ),
    ),
)
