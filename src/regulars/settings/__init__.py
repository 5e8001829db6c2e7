"""The settings of every stage: what stands in ``params.yaml``, checked, as one frozen object per stage."""

from regulars.lazy import exports

_HOMES = {
    "reading": (
        "DATASETS_SECTION", "ENGINE_SECTION", "NOT_STAGES", "check_name", "check_settings", "datasets",
        "former_layout", "load", "places_of", "read", "resolve", "stage_settings",
    ),
    "stages": (
        "STAGE_SETTINGS", "ActionsSettings", "CampaignRules", "Certainty", "CleanSettings", "ClubRules",
        "CycleSettings", "DateRules", "Economics", "Handling", "InteractionSettings", "LadderRules", "ListRules",
        "Managers", "Offer", "PagesSettings", "PortfolioRules", "ProductRules", "Questions", "RetentionSettings",
        "SatisfactionSettings", "SegmentsSettings", "StageSettings", "Thresholds", "TreeRules", "ValueSettings",
    ),
}  # fmt: skip
__getattr__, __dir__ = exports(__name__, _HOMES)
