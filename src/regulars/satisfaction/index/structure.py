"""The structural model of satisfaction: constructs, their items, and the arrows between them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pkgutil import get_data

import numpy as np
import pandas as pd
import yaml

from regulars.errors import UserError

DEFAULT = "ecsi"
MODES = ("A", "B")


@dataclass(frozen=True)
class Structure:
    """A path model's structure, checked.

    Parameters
    ----------
    constructs : tuple of str
        In an order in which every arrow points forward.
    items : tuple of str
        Those of all constructs, construct by construct.
    owner : numpy.ndarray
        Position of the construct of each item.
    arrows : numpy.ndarray
        Constructs × constructs, true where an arrow leads from row to column.
    modes : tuple of str
        A or B for each construct.
    """

    constructs: tuple[str, ...]
    items: tuple[str, ...]
    owner: np.ndarray
    arrows: np.ndarray
    modes: tuple[str, ...]

    @cached_property
    def blocks(self) -> list[np.ndarray]:
        """Positions of the items of each construct."""
        return [np.flatnonzero(self.owner == place) for place in range(len(self.constructs))]

    @cached_property
    def sources(self) -> list[np.ndarray]:
        """Positions of the constructs from which arrows lead to each construct."""
        return [np.flatnonzero(self.arrows[:, place]) for place in range(len(self.constructs))]

    @cached_property
    def reach(self) -> np.ndarray:
        """Constructs × constructs, true where some path leads from row to column."""
        size = len(self.constructs)
        steps = np.linalg.inv(np.eye(size) - self.arrows / 2) - np.eye(size)
        return steps > 1e-12

    def place(self, construct: str) -> int:
        """Position of a construct.

        Parameters
        ----------
        construct : str
            Its name.

        Returns
        -------
        int

        Raises
        ------
        UserError
            Where there is none of that name.
        """
        if construct not in self.constructs:
            raise UserError(f"The model has no construct '{construct}': it has {', '.join(self.constructs)}.")
        return self.constructs.index(construct)


def structure_of(model: Mapping) -> Structure:
    """Check a model and put its constructs in the order of its arrows.

    Parameters
    ----------
    model : mapping
        ``constructs``: name to list of items; ``paths``: list of (source, target); ``modes``, optional: name to A
        (reflective: weights are covariances) or B (formative: regression weights); A where absent.

    Returns
    -------
    Structure

    Raises
    ------
    UserError
        For a construct without items or arrows, an item in two constructs, an unknown construct, a cycle, a mode that
        is neither A nor B.

    Examples
    --------
    >>> structure_of({"constructs": {"b": ["b1"], "a": ["a1", "a2"]}, "paths": [["a", "b"]]}).constructs
    ('a', 'b')
    >>> structure_of({"constructs": {"a": ["x"], "b": ["y"]}, "paths": [["a", "b"], ["b", "a"]]})
    Traceback (most recent call last):
    regulars.errors.UserError: The model's arrows run in a circle (a -> b -> a): take one of them out.
    """
    if not isinstance(model, Mapping) or not model.get("constructs") or not model.get("paths"):
        raise UserError("The model needs constructs (name: [items]) and paths ([[source, target], ...]): give both.")
    constructs = {str(name): [str(item) for item in items or []] for name, items in model["constructs"].items()}
    paths = [_pair(path) for path in model["paths"]]
    _check_items(constructs)
    _check_arrows(constructs, paths)
    modes = {str(name): str(mode) for name, mode in (model.get("modes") or {}).items()}
    for name, mode in modes.items():
        if name not in constructs:
            raise UserError(f"The model's modes name '{name}', which is no construct: {_known(constructs)}.")
        if mode not in MODES:
            raise UserError(f"The model's mode of '{name}' is '{mode}': give A or B.")
    order = _in_order(list(constructs), paths)
    arrows = np.zeros((len(order), len(order)), dtype=bool)
    for source, target in paths:
        arrows[order.index(source), order.index(target)] = True
    items = tuple(item for name in order for item in constructs[name])
    owner = np.repeat(np.arange(len(order)), [len(constructs[name]) for name in order])
    return Structure(tuple(order), items, owner, arrows, tuple(modes.get(name, "A") for name in order))


def survey_model(setting: str | Mapping, survey_items: pd.DataFrame) -> dict:
    """The model that a survey is analysed by: the setting, with the items that the survey gives to its constructs.

    Parameters
    ----------
    setting : str or mapping
        "ecsi", which the library brings, or a model of one's own, as `structure_of` takes it.
    survey_items : pandas.DataFrame
        ``item``, ``construct``: a construct for which the setting lists no items takes those of its name. Constructs of
        the library's model that the survey does not ask about are left out, with their arrows.

    Returns
    -------
    dict
        ``constructs``, ``paths`` and, where given, ``modes``.

    Raises
    ------
    UserError
        Where the setting is neither, or names an item that the survey does not have.

    Examples
    --------
    >>> items = pd.DataFrame({"item": ["q1", "s1"], "construct": ["quality", "satisfaction"]})
    >>> survey_model("ecsi", items)["paths"]
    [['quality', 'satisfaction']]
    """
    if setting == DEFAULT:
        model = yaml.safe_load(get_data(__package__, f"{DEFAULT}.yaml"))
    elif isinstance(setting, Mapping) and isinstance(setting.get("constructs"), Mapping):
        model = {str(key): value for key, value in setting.items()}
    else:
        raise UserError(f"params.yaml: satisfaction.model is '{setting}'; give {DEFAULT}, or constructs and paths.")
    asked = survey_items.drop_duplicates("item").sort_values("item")
    by_name = asked.groupby("construct", sort=True)["item"].agg(list).to_dict()
    constructs = {name: list(items or by_name.get(name, [])) for name, items in model["constructs"].items()}
    known = set(asked["item"])
    for name, items in constructs.items():
        for item in items:
            if item not in known:
                raise UserError(
                    f"params.yaml: satisfaction.model gives '{item}' to '{name}', which is not in survey_items: "
                    "correct the name or add the item."
                )
    paths = [list(_pair(path)) for path in model.get("paths") or []]
    if setting == DEFAULT:
        there = {name for name, items in constructs.items() if items}
        paths = [path for path in paths if there >= set(path)]
        joined = {name for path in paths for name in path}
        if not paths:
            raise UserError(
                "Nothing that could explain satisfaction was asked: of the constructs "
                f"{', '.join(model['constructs'])} the survey has {' and '.join(sorted(there)) or 'none'}; add "
                "questions of others (survey_items, column construct)."
            )
        constructs = {name: items for name, items in constructs.items() if name in joined}
    return {"constructs": constructs, "paths": paths} | ({"modes": model["modes"]} if model.get("modes") else {})


def _pair(path) -> tuple[str, str]:
    if isinstance(path, str) or not isinstance(path, Iterable) or len(list(path)) != 2:
        raise UserError(f"The model's paths have '{path}': give each as [source, target].")
    source, target = path
    return str(source), str(target)


def _known(constructs) -> str:
    return f"it has {', '.join(constructs)}"


def _check_items(constructs: Mapping[str, list[str]]) -> None:
    seen: dict[str, str] = {}
    for name, items in constructs.items():
        if not items:
            raise UserError(f"The model's construct '{name}' has no item: give it one or leave it out.")
        for item in items:
            if item in seen:
                raise UserError(f"The model gives item '{item}' to '{seen[item]}' and to '{name}': leave it in one.")
            seen[item] = name


def _check_arrows(constructs: Mapping[str, list[str]], paths: list[tuple[str, str]]) -> None:
    for name in [name for path in paths for name in path]:
        if name not in constructs:
            raise UserError(f"The model's paths name '{name}', which is no construct: {_known(constructs)}.")
    joined = {name for path in paths for name in path}
    for name in constructs:
        if name not in joined:
            raise UserError(f"The model's construct '{name}' has no arrow: join it to another or leave it out.")


def _in_order(names: list[str], paths: list[tuple[str, str]]) -> list[str]:
    """Constructs so that arrows point forward, otherwise as given."""
    left, order = list(names), []
    while left:
        free = [name for name in left if not any(target == name and source in left for source, target in paths)]
        if not free:
            raise UserError(f"The model's arrows run in a circle ({_circle(left, paths)}): take one of them out.")
        order.append(free[0])
        left.remove(free[0])
    return order


def _circle(left: list[str], paths: list[tuple[str, str]]) -> str:
    """One circle among constructs each of which has an arrow from another of them."""
    walk = [left[0]]
    while walk[0] not in walk[1:]:
        before = next(source for source, target in paths if target == walk[0] and source in left)
        walk.insert(0, before)
    return " -> ".join(walk[: walk[1:].index(walk[0]) + 2])
