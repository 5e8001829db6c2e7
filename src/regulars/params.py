"""The settings of a stage: its section of ``params.yaml``, with what the dataset overrides."""

from difflib import get_close_matches
from pathlib import Path

import yaml

from regulars.errors import UserError
from regulars.paths import project_root

SHARED_SECTION = "common"
DATASETS_SECTION = "datasets"
ENGINE_SECTION = "engine"
NOT_STAGES = (DATASETS_SECTION, ENGINE_SECTION)  # sections that no dataset overrides


def load(path: Path | None = None) -> dict:
    """Read ``params.yaml``, whole.

    Parameters
    ----------
    path : Path, optional
        Another file than the project's.

    Returns
    -------
    dict
        Section name to its settings.

    Raises
    ------
    UserError
        Where the file is absent or not valid YAML.
    """
    path = path or project_root() / "params.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path.name} is not there: run this inside a Regulars project.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise UserError(f"{path.name}{where}: this is not valid YAML; mend that line.") from None
    if not isinstance(content, dict) or not isinstance(content.get(DATASETS_SECTION), dict):
        raise UserError(f"{path.name} has no section '{DATASETS_SECTION}': add one that names what to build.")
    return content


def datasets(settings: dict | None = None) -> list[str]:
    """Names of the datasets that a plain run builds, in the order of ``params.yaml``."""
    return list((settings or load())[DATASETS_SECTION])


def resolve(stage: str, dataset: str, settings: dict | None = None) -> dict:
    """Settings of one stage for one dataset: shared ones, the stage's own, then the dataset's overrides.

    Parameters
    ----------
    stage : str
        A section of ``params.yaml``.
    dataset : str
        A name under ``datasets``.
    settings : dict, optional
        The content of ``params.yaml``, where it has been read already.

    Returns
    -------
    dict
        Name of each setting to its value.

    Raises
    ------
    UserError
        Where stage or dataset is unknown, or an override names a setting that the stage does not have.

    Examples
    --------
    >>> settings = {"common": {"seed": 1}, "value": {"margin": 0.3},
    ...             "datasets": {"shop": {"value": {"margin": 0.4}}}}
    >>> resolve("value", "shop", settings)
    {'seed': 1, 'margin': 0.4}
    """
    settings = settings or load()
    if dataset not in settings[DATASETS_SECTION]:
        known = ", ".join(settings[DATASETS_SECTION]) or "none yet"
        raise UserError(f"params.yaml has no dataset '{dataset}' (it has: {known}): name one of these or add it.")
    if stage not in settings:
        raise UserError(f"params.yaml has no section '{stage}': add it, if only as '{stage}: {{}}'.")
    overrides = settings[DATASETS_SECTION][dataset] or {}
    _refuse_unknown(overrides, [key for key in settings if key not in NOT_STAGES], f"datasets.{dataset}")
    merged = {}
    for section in (SHARED_SECTION, stage):
        defaults = settings.get(section) or {}
        changed = overrides.get(section) or {}
        _refuse_unknown(changed, defaults, f"datasets.{dataset}.{section}")
        merged |= defaults | changed
    return merged


def _refuse_unknown(names, known, where: str) -> None:
    for name in names:
        if name not in known:
            close = get_close_matches(str(name), [str(k) for k in known], n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"it may name {', '.join(map(str, known)) or 'nothing'}."
            raise UserError(f"params.yaml: {where} names '{name}', which is not a setting there; {hint}")
