"""Names of segments, tiers, states and outcomes: one enum each; their wording is ``label.<enum>.<value>``."""

from enum import StrEnum


class Named(StrEnum):
    """Label that has its Chinese name with it: ``Tier.VIP.chinese``; the English one is ``label.<enum>.<value>``."""

    chinese: str

    def __new__(cls, value: str, chinese: str = ""):
        """Make the label out of its value and its Chinese name."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.chinese = chinese
        return member


class Tier(Named):
    """Step of the customer pyramid, by expected value."""

    VIP = "vip", "VIP客户"
    LARGE = "large", "大客户"
    MEDIUM = "medium", "中级客户"
    SMALL = "small", "小客户"


class Step(Named):
    """Step of the customer pyramid with those beside it: who hardly orders again, and who has just come."""

    VIP = "vip", "VIP客户"
    LARGE = "large", "大客户"
    MEDIUM = "medium", "中级客户"
    SMALL = "small", "小客户"
    INACTIVE = "inactive", "非积极客户"
    NEW = "new", "新客户"


class Segment(Named):
    """Named segment by recency, frequency and spend; ``label.segment_advice.<value>`` says what to do."""

    CHAMPIONS = "champions", "冠军顾客"
    LOYAL = "loyal", "忠诚顾客"
    POTENTIAL_LOYAL = "potential_loyal", "有望忠诚的顾客"
    NEW = "new", "新顾客"
    PROMISING = "promising", "有潜力的顾客"
    NEED_ATTENTION = "need_attention", "需要关注的顾客"
    ABOUT_TO_SLEEP = "about_to_sleep", "即将沉睡的顾客"
    AT_RISK = "at_risk", "有流失风险的顾客"
    CANNOT_LOSE = "cannot_lose", "不能失去的顾客"
    HIBERNATING = "hibernating", "沉睡顾客"
    LOST = "lost", "已流失的顾客"


class LifecycleStage(Named):
    """Step of the ladder on which a prospect or customer stands; the last two stand beside it."""

    SUSPECT = "suspect", "疑似顾客"
    PROSPECT = "prospect", "预期顾客"
    FIRST_TIME = "first_time", "首次购买顾客"
    REPEAT = "repeat", "重复购买顾客"
    CLIENT = "client", "客户（阶段）"
    MEMBER = "member", "成员"
    ADVOCATE = "advocate", "拥护者"
    PARTNER = "partner", "合伙人"
    DISQUALIFIED = "disqualified", "不合格顾客"
    INACTIVE = "inactive", "不活跃顾客"


class RelationStage(Named):
    """How far the relationship with a customer has come."""

    ACQUISITION = "acquisition", "潜在获取期"
    GROWTH = "growth", "客户成长期"
    MATURITY = "maturity", "客户成熟期"


class PortfolioClass(Named):
    """What a customer is to the firm, by expected value, room to grow and cost to serve."""

    MOST_VALUABLE = "most_valuable", "最具价值的顾客"
    MOST_GROWABLE = "most_growable", "最具成长性的顾客"
    BELOW_ZERO = "below_zero", "负值顾客"
    STEADY = "steady", "一般顾客"


class RelationshipLevel(Named):
    """How closely a customer is looked after, from selling only to working together."""

    BASIC = "basic", "基本型"
    REACTIVE = "reactive", "反应型"
    ACCOUNTABLE = "accountable", "可靠型"
    PROACTIVE = "proactive", "主动型"
    PARTNERSHIP = "partnership", "合伙型"


class ProductAction(Named):
    """What to do about a product, or about a product with one group of customers."""

    KEEP = "keep", "保持"
    RAISE_PRICE = "raise_price", "提价"
    CROSS_SELL = "cross_sell", "交叉销售"
    DROP = "drop", "停售"
    UNKNOWN = "unknown", "成本未知"


class ClusterMethod(StrEnum):
    """How customers are put into groups."""

    K_MEANS = "k_means"
    GAUSSIAN_MIXTURE = "gaussian_mixture"


class ClusterFeature(StrEnum):
    """What groups of customers are made by."""

    DAYS_SINCE_ORDER = "days_since_order"
    ORDERS = "orders"
    SPEND_PER_ORDER = "spend_per_order"


class MarginOrigin(StrEnum):
    """Where the margin of this page comes from."""

    KNOWN = "known"  # the costs supplied
    ASSUMED = "assumed"


class CostOrigin(StrEnum):
    """What shows the cost of a contact."""

    CONTACTS = "contacts"  # those that the firm made by the same channel
    CAMPAIGNS = "campaigns"  # those of campaigns that keep
    ASSUMED = "assumed"


class EquityPart(StrEnum):
    """Step on the way from what existing customers are worth to customer equity."""

    EXISTING = "existing"
    TO_COME = "to_come"
    BEFORE_COST = "before_cost"
    COST = "cost"
    TOTAL = "total"


class EquityLever(StrEnum):
    """Driver whose change moves customer equity."""

    RETENTION = "retention"
    MARGIN = "margin"
    ACQUISITION_COST = "acquisition_cost"
    DISCOUNT_RATE = "discount_rate"


class CustomerState(StrEnum):
    """State of a customer at the end of the data, by the customer's own rhythm."""

    NEW = "new"
    ACTIVE = "active"
    SLIPPING = "slipping"
    DORMANT = "dormant"
    REACTIVATED = "reactivated"
    LOST = "lost"


class SatisfactionState(StrEnum):
    """State of satisfaction by the gap between what was perceived and what was expected."""

    DISSATISFIED = "dissatisfied"
    SATISFIED = "satisfied"
    HIGHLY_SATISFIED = "highly_satisfied"


class Outcome(StrEnum):
    """How a complaint ended."""

    RESOLVED_QUICKLY = "resolved_quickly"
    RESOLVED = "resolved"
    NOT_SATISFIED = "not_satisfied"


class Season(StrEnum):
    """In which season a test on the past lies, as seen from the forecast that is told."""

    SAME = "same"
    OTHER = "other"
    WHOLE = "whole"  # a year has them all


class Tested(StrEnum):
    """Whether a forecast was tested over as long a stretch as it is told for."""

    AS_LONG = "as_long"
    SHORTER = "shorter"


class Held(StrEnum):
    """Whether what came lay within what a forecast had allowed for."""

    INSIDE = "inside"
    OUTSIDE = "outside"


class Miss(StrEnum):
    """On which side of what came a forecast lay."""

    LOW = "low"
    HIGH = "high"
    RIGHT = "right"


class Purpose(StrEnum):
    """What a campaign is for."""

    ACQUIRE = "acquire"
    KEEP = "keep"
    WIN_BACK = "win_back"
    GROW = "grow"


class GroupsVerdict(StrEnum):
    """Whether some groups of customers order again sooner than others."""

    DIFFER = "differ"
    WAIT = "wait"  # about as many order again in the end, but not as soon
    ALIKE = "alike"
    TOO_FEW = "too_few"


class Third(StrEnum):
    """Third of the customers by some number."""

    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"


class Fate(StrEnum):
    """What became of a raw row in cleaning; every row has exactly one."""

    KEPT = "kept"
    MERGED = "merged"
    NETTED = "netted"
    REJECTED = "rejected"


class Reason(StrEnum):
    """Why a raw row did not arrive as it came."""

    # kept, but not as it came
    REDUCED_BY_RETURN = "reduced_by_return"
    UNMATCHED_CREDIT = "unmatched_credit"
    OWNER_CHANGED = "owner_changed"
    # merged
    EXACT_DUPLICATE = "exact_duplicate"
    IN_EARLIER_FILE = "in_earlier_file"
    SAME_PERSON = "same_person"
    FURTHER_LINE = "further_line"
    # netted
    REFUNDED = "refunded"
    CANCELLED_SALE = "cancelled_sale"
    CANCELLATION = "cancellation"
    RETURN_OF_PART = "return_of_part"
    # rejected, in the order in which the reasons are tried
    UNREADABLE = "unreadable"
    MISSING_CUSTOMER = "missing_customer"
    GUEST = "guest"
    MALFORMED_CUSTOMER = "malformed_customer"
    TEST_ORDER = "test_order"
    ORDER_WITHOUT_LINES = "order_without_lines"
    VOID_ORDER = "void_order"
    MISSING_VALUE = "missing_value"
    DATE_OUT_OF_RANGE = "date_out_of_range"
    BEFORE_OBSERVATION = "before_observation"
    AFTER_OBSERVATION = "after_observation"
    NON_PRODUCT = "non_product"
    ZERO_QUANTITY = "zero_quantity"
    NEGATIVE_QUANTITY = "negative_quantity"
    NEGATIVE_PRICE = "negative_price"
    NEGATIVE_VALUE = "negative_value"
    VALUE_OUT_OF_RANGE = "value_out_of_range"
    ZERO_AMOUNT = "zero_amount"
    ORDER_OF_TWO_CUSTOMERS = "order_of_two_customers"
    UNKNOWN_ITEM = "unknown_item"
    SCORE_OUT_OF_RANGE = "score_out_of_range"
    ENDS_BEFORE_IT_STARTS = "ends_before_it_starts"
    REPEATED_KEY = "repeated_key"


class Cluster(StrEnum):
    """Group found by its data, named by how its recency, frequency and spend compare with the base's middle."""

    RECENT_FREQUENT_HIGH = "recent_frequent_high"
    RECENT_FREQUENT_LOW = "recent_frequent_low"
    RECENT_RARE_HIGH = "recent_rare_high"
    RECENT_RARE_LOW = "recent_rare_low"
    SILENT_FREQUENT_HIGH = "silent_frequent_high"
    SILENT_FREQUENT_LOW = "silent_frequent_low"
    SILENT_RARE_HIGH = "silent_rare_high"
    SILENT_RARE_LOW = "silent_rare_low"
    NONE = "none"


class Change(StrEnum):
    """Whether two estimates differ by more than noise."""

    UP = "up"
    DOWN = "down"
    UNCLEAR = "unclear"
    UNKNOWN = "unknown"  # one of them is missing


class Beside(StrEnum):
    """How a score ranks customers beside a plain one."""

    BETTER = "better"
    WORSE = "worse"
    ALIKE = "alike"
    REFERENCE = "reference"  # the plain one itself


class Ranking(StrEnum):
    """Score by which customers can be ranked by whether they will order."""

    P_ACTIVE = "p_active"
    EXPECTED_ORDERS = "expected_orders"
    OWN_RHYTHM = "own_rhythm"
    RECENCY = "recency"


class RevenueStep(StrEnum):
    """What moved revenue from one window to the next; of those who ordered in both, by sign or by cause."""

    BEFORE = "before"
    NEW = "new"
    RETURNED = "returned"
    MORE = "more"
    LESS = "less"
    PAUSED = "paused"
    ORDERS = "orders"
    SPEND = "spend"
    NOW = "now"


class Identity(StrEnum):
    """Two figures on retention that must be equal, since both come from the same orders."""

    CUSTOMERS_COHORTS = "customers_cohorts"
    CUSTOMERS_LEDGER = "customers_ledger"
    CUSTOMERS_BANDS = "customers_bands"
    ORDERS_COHORTS = "orders_cohorts"
    REVENUE_COHORTS = "revenue_cohorts"
    REVENUE_LEDGER = "revenue_ledger"
    REPEATERS_SURVIVAL = "repeaters_survival"
    EVENTS_SURVIVAL = "events_survival"
    LATER_AT_FIRST = "later_at_first"
    LEDGER_FLOWS = "ledger_flows"
    LEDGER_STATES = "ledger_states"
    ACTIVE_BANDS = "active_bands"


class StayCurve(StrEnum):
    """Curves of how long customers stay."""

    IN_PERIOD = "in_period"
    LATER = "later"
    MIXTURE = "mixture"


class Recommendation(StrEnum):
    """What a score on the 0-10 question "would you recommend us?" makes of a customer."""

    PROMOTER = "promoter"
    PASSIVE = "passive"
    DETRACTOR = "detractor"


class Loss(StrEnum):
    """Size of what a complainant lost."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class SatisfactionLevel(StrEnum):
    """Place on the scale of satisfaction, in standard deviations."""

    LOW = "low"
    MEAN = "mean"
    HIGH = "high"


class LoyaltyType(StrEnum):
    """Loyalty by attitude (what customers say) and behaviour (how often they order)."""

    TRUE = "true"
    LATENT = "latent"  # the attitude alone
    SPURIOUS = "spurious"  # the behaviour alone
    NONE = "none"


class KanoClass(StrEnum):
    """What a feature does to satisfaction when it is there and when it is not."""

    MUST_BE = "must_be"
    ONE_DIMENSIONAL = "one_dimensional"
    ATTRACTIVE = "attractive"
    INDIFFERENT = "indifferent"
    REVERSE = "reverse"
    QUESTIONABLE = "questionable"


class NeedKind(StrEnum):
    """How customers let an expectation be known."""

    BASIC = "basic"
    HIDDEN = "hidden"
    OTHER = "other"


class Attitude(Named):
    """What kind of customer somebody is, by the statement that he agrees with most."""

    VENTURER = "venturer", "冒险型"
    HARD_WORKER = "hard_worker", "勤奋型"
    PRICE_FIRST = "price_first", "价格优先型"
    TREND_FOLLOWER = "trend_follower", "追随潮流型"
    LAGGARD = "laggard", "落伍型"


class ServiceLevel(StrEnum):
    """How far an encounter went, from the least."""

    BASIC = "basic"
    SATISFYING = "satisfying"
    EXCEEDING = "exceeding"
    UNFORGETTABLE = "unforgettable"


class VarianceBetween(StrEnum):
    """Whose scores are compared between whom."""

    ANSWERS_BY_BRANCH = "answers_by_branch"
    VISITS_BY_AGENT = "visits_by_agent"
    AGENTS_BY_BRANCH = "agents_by_branch"


class Difference(StrEnum):
    """Whether groups differ by more than chance."""

    DIFFER = "differ"
    ALIKE = "alike"


class CaseExperience(StrEnum):
    """What had become of a customer's complaints by the day of an answer; the last two are of the dissatisfied."""

    NEVER = "never"
    RIGHTED = "righted"
    UNRIGHTED = "unrighted"
    COMPLAINED = "complained"
    SILENT = "silent"


class LoyaltySign(StrEnum):
    """A sign by which teaching texts tell that a customer is loyal."""

    REPEAT = "repeat"  # orders again
    LASTING = "lasting"  # has been a customer for long, and is one
    CROSSING = "crossing"  # buys several kinds of goods
    WALLET = "wallet"  # spends most of the purse with us
    FIRST = "first"  # thinks of us first
    PRICE = "price"  # stays though another is cheaper
    REFERRAL = "referral"  # has brought somebody
    QUICK = "quick"  # decides quickly
    TOLERANCE = "tolerance"  # forgives a fault
    IDEAS = "ideas"  # tells us what to do better


class ServiceFactor(StrEnum):
    """One of the five factors of the quality of service."""

    PROMISE = "promise"  # what is promised is done
    SKILL = "skill"
    WARMTH = "warmth"
    EMPATHY = "empathy"
    CALM = "calm"


class KeyFactor(StrEnum):
    """One of the 26 key factors of service that teaching texts name."""

    GOOD_VALUE = "good_value"
    POLITE_MANNERS = "polite_manners"
    CLEAN_PLACE = "clean_place"
    PLEASANT_PLACE = "pleasant_place"
    WARM_WELCOME = "warm_welcome"
    HELPS_ME_GROW = "helps_me_grow"
    SATISFACTION_SOUGHT = "satisfaction_sought"
    CONVENIENCE = "convenience"
    SERVICE_AROUND_SALE = "service_around_sale"
    BEING_KNOWN = "being_known"
    ATTRACTIVE_GOODS = "attractive_goods"
    INTEREST = "interest"
    COMPLETE_CHOICE = "complete_choice"
    MY_POINT_OF_VIEW = "my_point_of_view"
    NO_HIDDEN_RULES = "no_hidden_rules"
    LISTENING = "listening"
    FULL_ATTENTION = "full_attention"
    SAFE_EFFICIENCY = "safe_efficiency"
    EASE_OF_MIND = "ease_of_mind"
    DIGNITY = "dignity"
    RECOGNITION = "recognition"
    IMPORTANCE = "importance"
    WAY_TO_COMPLAIN = "way_to_complain"
    NO_LONG_WAITS = "no_long_waits"
    PROFESSIONAL_PEOPLE = "professional_people"
    SAME_TREATMENT = "same_treatment"


class QualityPlace(StrEnum):
    """Where a factor of the service stands: what matters and is judged badly, or well; open: neither is sure."""

    MEND = "mend"
    KEEP = "keep"
    OPEN = "open"


class Saying(StrEnum):
    """Number that teaching texts print of customers, without a study that can be checked."""

    LOYAL = "loyal"  # a loyal customer is ten repeat purchases
    DEARER = "dearer"  # winning is sixty times dearer than keeping
    MEND = "mend"  # twelve good services mend a bad one
    GONE = "gone"  # 81 % of the dissatisfied are gone for ever


class OwnFigure(StrEnum):
    """Where a firm's own figure lies beside a saying; other: it counts something else, so that it cannot be told."""

    ABOVE = "above"
    BELOW = "below"
    ALIKE = "alike"
    OTHER = "other"


class SalePhase(StrEnum):
    """When in a sale a complaint arose."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


class ListeningChannel(StrEnum):
    """Where a firm hears from its customers."""

    SURVEYS = "surveys"
    COMPLAINTS = "complaints"
    MYSTERY_VISITS = "mystery_visits"
    LOST_REASONS = "lost_reasons"


class IdentityKind(StrEnum):
    """What a source may know of a person."""

    PHONE = "phone"
    EMAIL = "email"
    LOGIN = "login"
    CARD = "card"
    NAME = "name"
    GIVEN_NAME = "given_name"
    SURNAME = "surname"
    BIRTH = "birth"
    POSTCODE = "postcode"
    ADDRESS = "address"
    CITY = "city"


class ChannelBasis(StrEnum):
    """Whose contacts show that a channel is a customer's best."""

    OWN = "own"
    SEGMENT = "segment"


class Light(StrEnum):
    """What may be said of one figure in one month."""

    STEADY = "steady"  # within its usual range
    BETTER = "better"  # beyond it, to the good
    WORSE = "worse"  # beyond it, to the bad
    CHANGED = "changed"  # beyond it; neither side is good
    DRIFTS = "drifts"  # each month follows the one before: no usual range to leave
    JUMPED = "jumped"  # it has moved to another level: too few months since to know the usual range
    WIDE = "wide"  # the usual range holds nearly all that can be
    EARLY = "early"  # too few months to know the usual range
    ABSENT = "absent"  # no figure this month


class Quadrant(StrEnum):
    """Side of the scorecard."""

    KNOWLEDGE = "knowledge"  # do we know who they are
    INTERACTION = "interaction"  # how we deal with them
    VALUE = "value"  # what they bring
    SATISFACTION = "satisfaction"  # what they think of it, and whether they come back


class Indicator(StrEnum):
    """Figure of one month that the scorecard watches and a plan may aim at."""

    RECORDS = "records"
    CONSENT = "consent"
    CALLERS_KNOWN = "callers_known"
    FIRST_CONTACT = "first_contact"
    IN_TIME = "in_time"
    ANSWERED_FAST = "answered_fast"
    CALLS_ANSWERED = "calls_answered"
    SOLVED = "solved"
    PASSED_ON = "passed_on"
    SELF_SERVED = "self_served"
    WAIT = "wait"
    VISITS_KEPT = "visits_kept"
    ORDERS = "orders"
    REVENUE = "revenue"
    ACTIVE = "active"
    NEWCOMERS = "newcomers"
    SPEND_PER_ORDER = "spend_per_order"
    FROM_EXISTING = "from_existing"
    WON = "won"
    SATISFIED = "satisfied"
    COMPLAINTS = "complaints"
    REPURCHASE = "repurchase"
    KEPT = "kept"
    REFERRED = "referred"


class PlanArea(StrEnum):
    """What a cell of the plan is about."""

    CUSTOMER = "customer"
    BRAND = "brand"
    MARKET = "market"


class PlanStep(StrEnum):
    """Step of the cycle that a cell of the plan belongs to."""

    ANALYSE = "analyse"
    PLAN = "plan"
    CARRY_OUT = "carry_out"
    ASSESS = "assess"
    IMPROVE = "improve"


class PlanStatus(StrEnum):
    """How far a cell of the plan is."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    DROPPED = "dropped"


class PlanOutcome(StrEnum):
    """What became of what a plan wanted to move."""

    MOVED = "moved"  # as planned, beyond noise
    AGAINST = "against"  # beyond noise, the other way
    NOISE = "noise"  # nothing beyond noise
    EARLY = "early"  # too early to tell
    UNKNOWN = "unknown"  # the figure is not there, or has no usual range


class Festival(StrEnum):
    """Festival that moves between two calendar months."""

    SPRING_FESTIVAL = "spring_festival"
    EASTER = "easter"


class ProspectEnd(StrEnum):
    """How a prospect ends."""

    WON = "won"
    LOST = "lost"
    DISQUALIFIED = "disqualified"


class Errand(StrEnum):
    """Why somebody is on Monday's list."""

    COMPLAINT = "complaint"  # it waits for an answer
    ASK = "ask"  # a campaign that is proved to gain
    PROSPECT = "prospect"  # the next contact is due
    CALL = "call"  # the most margin at risk
    WIN_BACK = "win_back"  # dormant, and would be worth it
    NEXT_PRODUCT = "next_product"
    CONQUEST = "conquest"  # spends much elsewhere


class SuggestionSource(StrEnum):
    """From what a next product is suggested."""

    HABIT = "habit"  # what the customer has bought
    TASTE = "taste"  # kinds, prices, colours, sizes that the customer likes
    TOGETHER = "together"  # what others bought who bought what the customer has
    POPULAR = "popular"
    ALL = "all"


class ProfitClass(StrEnum):
    """How much a product, or a customer, has brought."""

    HIGH = "high"
    PROFIT = "profit"
    NONE = "none"
    LOSS = "loss"


class ProfitSign(StrEnum):
    """Whether products and customers that meet have earned or lost."""

    PLUS = "plus"
    ZERO = "zero"
    MINUS = "minus"


class ProfitAction(StrEnum):
    """What to do where a class of products meets a class of customers."""

    PROTECT = "protect"
    GROW = "grow"
    KEEP = "keep"
    BUNDLE = "bundle"  # sell it together with what earns
    REPRICE = "reprice"
    STEER = "steer"  # towards these goods
    STOP = "stop"


class DifferenceCell(StrEnum):
    """How to deal with customers, by how much their value and their needs differ."""

    MASS = "mass"  # neither differs
    NICHE = "niche"  # needs differ
    KEY_ACCOUNT = "key_account"  # value differs
    ONE_TO_ONE = "one_to_one"  # both differ


class RelationshipStep(StrEnum):
    """The four steps towards dealing with each customer."""

    IDENTIFY = "identify"
    DIFFERENTIATE = "differentiate"
    INTERACT = "interact"
    CUSTOMISE = "customise"


class StepAsset(StrEnum):
    """What a firm has for the four steps."""

    RECORD = "record"
    CONSENT = "consent"
    VALUE = "value"
    NEEDS = "needs"
    CONTACTED = "contacted"
    HEARD = "heard"
    ASKED = "asked"
    OWN_SUGGESTION = "own_suggestion"
