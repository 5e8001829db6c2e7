"""Who the customers are: RFM scores and named segments, tiers of the pyramid, clusters, summaries per group."""

from regulars.lazy import exports

_HOMES = {
    "rfm": ("RULES", "name_segments", "rfm_scores"),
    "tiers": ("assign_tiers", "tier_thresholds"),
    "clusters": ("Clustering", "cluster_features", "find_clusters"),
    "findings": ("GONE_QUIET", "HAVE_BEGUN", "largest_group", "leading_group", "part_of"),
    "summary": ("cross_table", "group_summary", "pyramid", "score_grid", "share_of"),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
