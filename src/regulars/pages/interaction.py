"""The interaction page: its sections in order, their charts and tables."""

from regulars.report import charts
from regulars.report.columns import columns
from regulars.report.layout import Page, Word, chart, section, table

CONTACTS, IDENTITIES, PLAN = "contacts", "identities", "interaction_plan"
SOLVED = "percent:with_interval"
BESIDE = (Word("solved.fair.now"), Word("solved.fair.raw"))

PAGE = Page(
    "interaction",
    "interaction.html",
    (
        section(
            "service",
            needs=CONTACTS,
            front="hours",
            chapter="centre",
            hours=chart(
                charts.lines,
                columns("n", clock="clock", share=SOLVED, given_up="count"),
                x="clock",
                y="share",
                x_step=1,
            ),
            map=chart(
                charts.heatmap,
                columns(weekday_name="label:weekday", hour="clock", share="percent"),
                across="hour",
                row="weekday_name",
                column="hour",
                value="share",
            ),
        ),
        section(
            "staffing",
            needs=CONTACTS,
            front="day",
            chapter="centre",
            day=chart(
                charts.lines,
                columns(clock="clock", calls="number1", series="label:roster", agents_shown="number0"),
                x="clock",
                y="agents_shown",
                by="series",
                across="series",
                low="low",
                high="high",
                step=True,
                x_step=1,
                colours={"needed": charts.NOW, "on_duty": charts.BEFORE},
            ),
            week=table(
                columns(
                    weekday_name="label:weekday",
                    half_hour="text",
                    calls="number1",
                    calls_high="number1",
                    agents="count:with_interval",
                    agents_c="count",
                    given_up="percent",
                    now="number1",
                    given_up_now="percent",
                    missing="count",
                )
            ),
        ),
        section(
            "solved",
            needs=CONTACTS,
            front=("fair", "measured"),
            chapter="channels",
            nothing="alike",
            fair=chart(
                charts.dots,
                columns("n", channel="text", share=SOLVED, raw="percent", difference="points1:with_interval"),
                category="channel",
                value="share",
                before="raw",
                names=BESIDE,
            ),
            measured=table(
                columns(
                    "n",
                    channel="text",
                    customer_share="percent",
                    cost_per_contact="money",
                    hours="number",
                    answered="percent",
                    self_service="percent",
                    satisfaction="number0:with_interval",
                )
            ),
            given=table(
                columns(
                    channel="text",
                    given_cost="label:quality",
                    given_speed="label:quality",
                    given_richness="label:quality",
                    given_interactivity="label:quality",
                    given_closeness="label:quality",
                )
            ),
        ),
        section(
            "points",
            needs=CONTACTS,
            front="map",
            chapter="channels",
            nothing="met",
            map=chart(
                charts.heatmap,
                columns(purpose="text", channel="text", share="percent"),
                across="channel",
                row="purpose",
                column="channel",
                value="share",
            ),
            gaps=table(
                columns(
                    "n",
                    purpose="text",
                    channel="text",
                    level="label:point_level",
                    rank="text",
                    per_month="count",
                    share=SOLVED,
                    short="points1",
                    lost="count",
                )
            ),
        ),
        section(
            "problems",
            needs=CONTACTS,
            front=("steps", "table"),
            chapter="centre",
            nothing="unclear",
            steps=chart(
                charts.dots,
                columns("n", contacts="count", satisfaction="number1:with_interval", cost="money"),
                category="contacts",
                value="satisfaction",
            ),
            table=table(
                columns(
                    "n",
                    contacts="count",
                    satisfaction="number1:with_interval",
                    cost="money:with_interval",
                    back="percent:with_interval",
                )
            ),
        ),
        section(
            "identity",
            needs=IDENTITIES,
            front="merged",
            chapter="identity",
            nothing="none",
            merged=table(
                columns(
                    "customers", counted="label:counted", share="percent1:with_interval", spend_per_customer="money"
                )
            ),
            rules=table(columns("n", rule="label:rule")),
        ),
        section(
            "answers",
            needs=CONTACTS,
            front="departments",
            chapter="identity",
            nothing="alike",
            departments=chart(
                charts.dots,
                columns("n", "change", department="text", share=SOLVED),
                category="department",
                value="share",
            ),
            questions=table(columns("n", "days", question_id="text", share=SOLVED)),
        ),
        section(
            "patience",
            needs=CONTACTS,
            chapter="centre",
            curve=chart(
                charts.lines,
                columns(time="count", share=SOLVED, at_risk="count"),
                x="time",
                y="share",
                step=True,
            ),
        ),
        section(
            "owner",
            needs=CONTACTS,
            chapter="centre",
            nothing="unclear",
            solved=chart(
                charts.bars, columns("n", handled="label:handled", share=SOLVED), category="handled", value="share"
            ),
        ),
        section(
            "agents",
            needs=CONTACTS,
            chapter="centre",
            nothing="inside",
            funnel=table(
                columns(
                    "n",
                    staff="text",
                    share="percent1",
                    expected="percent1",
                    low="percent1",
                    high="percent1",
                    state="label:funnel",
                )
            ),
        ),
        section(
            "outbound",
            needs=CONTACTS,
            chapter="centre",
            nothing="alike",
            hours=chart(charts.dots, columns("n", hour="clock", share=SOLVED), category="hour", value="share"),
        ),
        section(
            "dealings",
            needs=CONTACTS,
            chapter="channels",
            begun=table(
                columns(
                    "n", initiator="label:initiator", distance="label:distance", medium="label:medium", share="percent"
                )
            ),
            content=chart(
                charts.heatmap,
                columns(content="text", channel="text", n="count"),
                across="channel",
                row="content",
                column="channel",
                value="n",
            ),
        ),
        section(
            "moods",
            needs=CONTACTS,
            chapter="channels",
            nothing="alike",
            moods=chart(
                charts.dots, columns("n", mood="text", share=SOLVED, raw="percent"), category="mood", value="share"
            ),
        ),
        section(
            "plan",
            needs=PLAN,
            chapter="channels",
            records=table(
                columns(
                    object="text",
                    goal="text",
                    channel="text",
                    due="date_short",
                    target="number",
                    reached="percent",
                    times_per_year="number1",
                    done_per_year="number1",
                    state="label:plan_state",
                    problems="text",
                    novelty="text",
                )
            ),
        ),
        section(
            "best",
            needs=CONTACTS,
            chapter="whom",
            nothing="none",
            channels=table(columns("customers", "customer_share", channel="text", rate="percent")),
        ),
        section(
            "frequency",
            needs=CONTACTS,
            chapter="whom",
            nothing="unclear",
            steps=chart(
                charts.dots,
                columns("n", contacts="count", difference="points1:with_interval"),
                category="contacts",
                value="difference",
            ),
        ),
        section(
            "journeys",
            needs=CONTACTS,
            chapter="whom",
            credit=chart(
                charts.bars,
                columns("n", channel="text", share="percent", removal="percent", credit="count"),
                category="channel",
                value="share",
            ),
        ),
        section(
            "records",
            needs=IDENTITIES,
            chapter="identity",
            nothing="agree",
            complete=table(columns(source="text", kind="label:identity_kind", records="count", share=SOLVED), rows=20),
            contradictions=table(
                columns("n", kind="label:identity_kind", source="text", other="text", share="percent1:with_interval")
            ),
        ),
    ),
)
