# made of __init__.py by python tools/stubs.py --write; see regulars.satisfaction.methods

from .components import principal_components as principal_components
from .fuzzy import fuzzy_evaluation as fuzzy_evaluation
from .hierarchy import ahp as ahp
from .hierarchy import expert_weights as expert_weights
from .methods import four_ways as four_ways
from .ordered import ordered_logit as ordered_logit
from .repurchase import foretell as foretell
