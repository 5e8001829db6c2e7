"""A new dataset in the project: its mapping in ``data/sources``, its name in ``params.yaml``."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import yaml

from regulars.engine.addresses import VARIABLE
from regulars.errors import UserError
from regulars.paths import project_root
from regulars.settings import NOT_STAGES, check_name, load
from regulars.sources.discovery.files import Inspected, inspect_file, inspect_table
from regulars.sources.discovery.proposal import Proposal, propose

PASSWORD_VARIABLE = "DATABASE_PASSWORD"  # where no variable holds the password of a URL yet
NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")


def new_dataset(dataset: str, sources: Sequence[str], currency: str = "") -> Proposal:
    """Look at files or database tables, and write the mapping that they suggest and the dataset's name.

    Parameters
    ----------
    dataset : str
    sources : sequence of str
        Files; or a database URL and the names of its tables; or one mapping (``.yaml``), which is taken as it is.
    currency : str
        Code of its money, where it is known.

    Returns
    -------
    Proposal
        Nothing is written where it has no orders: there would be nothing to build.

    Raises
    ------
    UserError
        Where the name is taken or a file cannot be read; then nothing is written.
    """
    if not NAME.fullmatch(dataset):
        raise UserError(f"'{dataset}' cannot name a dataset: take small letters, digits, - and _, such as shop-2024.")
    check_name(dataset)
    if currency and not re.fullmatch("[A-Z]{3}", currency):
        raise UserError(f"'{currency}' is no currency code: write three letters, such as EUR.")
    target = project_root() / "data" / "sources" / f"{dataset}.yaml"
    if target.exists():
        raise UserError(f"data/sources/{dataset}.yaml is there already: remove it, or take another name.")
    settings = project_root() / "params.yaml"
    content = with_dataset(_read(settings), dataset)
    written = len(sources) == 1 and sources[0].endswith((".yaml", ".yml"))
    proposal = _as_written(sources[0], currency) if written else propose(dataset, _inspect(sources), currency)
    if not proposal.has_orders:
        return proposal
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(proposal.text, encoding="utf-8")
    aside = settings.with_suffix(".yaml.new")
    aside.write_text(content, encoding="utf-8")
    aside.replace(settings)
    return proposal


def _as_written(source: str, currency: str) -> Proposal:
    """A mapping that somebody has written, such as those in ``docs/sources``."""
    try:
        text = Path(source).expanduser().read_text(encoding="utf-8")
        content = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"{source} cannot be read as a mapping: {str(error).splitlines()[0]}") from None
    tables = content.get("tables") if isinstance(content, dict) else None
    if not isinstance(tables, dict) or not {"orders", "order_lines"} & set(tables):
        raise UserError(f"{source} is no mapping with an order log: 'tables' must name orders or order_lines.")
    if currency and currency != content.get("currency"):
        raise UserError(f"{source} says that its currency is {content.get('currency')}: leave --currency out.")
    return Proposal(text, [f"the mapping {source}, which is taken as it is"], [], [], has_orders=True)


def _read(settings: Path) -> str:
    load(settings)  # says in one sentence what is wrong with it
    return settings.read_text(encoding="utf-8")


def _inspect(sources: Sequence[str]) -> list[Inspected]:
    inspected = []
    if "://" in sources[0] or VARIABLE.fullmatch(sources[0]):
        if len(sources) == 1:
            raise UserError("Name the tables of the database after its URL.")
        url = _hide_password(sources[0])
        return [inspect_table(url, table) for table in sources[1:]]
    for source in sources:
        file = Path(source).expanduser().resolve()
        root = project_root()
        written = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.as_posix()
        inspected.append(inspect_file(file, written))
    return inspected


def _hide_password(url: str) -> str:
    """The URL with its password taken out and put where `regulars.sources.databases` finds it in this run."""
    written = re.match(r"([a-z]+://[^/@:]*:)((?!\$\{)[^@]+)(@.*)", url)
    if not written:
        return url
    password = unquote(written[2])
    holders = sorted(name for name, value in os.environ.items() if value == password)
    name = holders[0] if holders else PASSWORD_VARIABLE
    os.environ[name] = password
    return f"{written[1]}${{{name}}}{written[3]}"


def with_dataset(content: str, dataset: str) -> str:
    r"""``params.yaml`` with one more dataset at the end of ``datasets``; every other line stays as it is.

    Parameters
    ----------
    content : str
    dataset : str

    Returns
    -------
    str

    Raises
    ------
    UserError
        Where the dataset is there already, or the file is laid out in a way that cannot be added to.

    Examples
    --------
    >>> print(with_dataset("value: {}\ndatasets:\n  a:\n    value: {}  # as it was\n", "b"))
    value: {}
    datasets:
      a:
        value: {}  # as it was
      b:
        value: {}
    <BLANKLINE>
    """
    before = yaml.safe_load(content)
    if dataset in before["datasets"]:
        raise UserError(f"params.yaml has a dataset '{dataset}' already: take another name.")
    sections = {name: {} for name in before if name not in NOT_STAGES}
    lines = content.splitlines()
    start = next((i for i, line in enumerate(lines) if re.match(r"datasets:\s*(#.*)?$", line)), None)
    added = [f"  {dataset}:", *(f"    {name}: {{}}" for name in sections)]
    if start is not None:
        end = start + 1 + _last_inside(lines[start + 1 :])
        lines[end:end] = added
    after = "\n".join(lines) + "\n"
    try:
        same = yaml.safe_load(after) == before | {"datasets": before["datasets"] | {dataset: sections}}
    except yaml.YAMLError:
        same = False
    if not same:
        told = "; ".join(line.strip() for line in added)
        raise UserError(f"params.yaml: 'datasets' is not laid out as one block; add there by hand: {told}.")
    return after


def _last_inside(lines: list[str]) -> int:
    """How many of the lines belong to the block before the next section."""
    inside = 0
    for number, line in enumerate(lines, start=1):
        if line[:1] == " " and line.strip():
            inside = number
        elif line.strip() and not line.startswith("#"):
            break
    return inside
