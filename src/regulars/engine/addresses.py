"""Addresses of databases and engines, and the secrets in them, which come from the environment alone."""

import os
import re
from urllib.parse import quote

from regulars.errors import UserError

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
SCHEMES = ("postgresql", "postgres", "duckdb", "spark")


def expand(url: str, label: str) -> tuple[str, list[str]]:
    """The URL with the values of its environment variables, and those values, which nothing may show.

    Parameters
    ----------
    url : str
        As the mapping has it: ``postgresql://crm:${CRM_PASSWORD}@db.example/shop``, or one variable that holds it all.
    label : str
        How messages name its key.

    Returns
    -------
    url : str
    secrets : list of str
        As they are, and as they stand in the URL.

    Raises
    ------
    UserError
        Where a variable is not set, the password stands in the file, or the kind of database is not read.
    """
    secrets = []
    whole = VARIABLE.fullmatch(url.strip())

    def value(match: re.Match) -> str:
        found = os.environ.get(match[1])
        if not found:
            raise UserError(f"{label}: the environment variable {match[1]} is not set; set it before the run.")
        secrets.extend([found, quote(found, safe="")])
        return found if whole else quote(found, safe="")

    if not whole and re.match(r"[a-z]+://[^/@:]*:(?!\$\{)[^/@]+@", url):
        raise UserError(f"{label}: the password stands in the file; take it from the environment: ${{CRM_PASSWORD}}.")
    full = VARIABLE.sub(value, url.strip())
    scheme = full.partition("://")[0]
    if scheme not in SCHEMES:
        raise UserError(f"{label}: databases of this kind are not read; it may be {', '.join(SCHEMES)}.")
    password = re.match(r"[a-z]+://[^/@:]*:([^@]*)@", full)
    return full, [*secrets, *([password[1]] if password and password[1] else [])]
