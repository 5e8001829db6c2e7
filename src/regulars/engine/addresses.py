"""Addresses of databases and engines, and the secrets in them, which come from the environment alone."""

import os
import re
from urllib.parse import parse_qs, quote, unquote

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

    if not whole and _has_password(url.strip()):
        raise UserError(f"{label}: the password stands in the file; take it from the environment: ${{CRM_PASSWORD}}.")
    full = VARIABLE.sub(value, url.strip())
    scheme = full.partition("://")[0]
    if scheme not in SCHEMES:
        raise UserError(f"{label}: databases of this kind are not read; it may be {', '.join(SCHEMES)}.")
    user, host, query = _parts(full)
    password = user.partition(":")[2]
    secrets += [password, unquote(password)]
    if whole:  # then nothing of it stands in the file: host, name and user are as secret as the password
        name = host.partition("/")
        parts = [user.partition(":")[0], name[0], name[0].rpartition(":")[0], name[2], *parse_qs(query).values()]
        parts = [part for given in parts for part in ([given] if isinstance(given, str) else given)]
        secrets += [*parts, *map(unquote, parts)]
    return full, [secret for secret in dict.fromkeys(secrets) if secret]


def _parts(url: str) -> tuple[str, str, str]:
    """User with password, host with the name of the database, and settings; by the last @, however they are written."""
    address, _, query = url.partition("://")[2].partition("?")
    user, _, host = address.rpartition("@")
    return user, host, query


def _has_password(url: str) -> bool:
    """Whether a password, or a part of one, is written out.

    Examples
    --------
    >>> urls = ("a:b/c@h/x", "a:${PW}@h/x", "a:x${PW}@h/x", "h/x?password=b")
    >>> [_has_password(f"postgresql://{url}") for url in urls]
    [True, False, True, True]
    """
    user, _, query = _parts(url)
    # a password with a question mark in it is not cut off
    if "@" in query:
        user, query = url.partition("://")[2].rpartition("@")[0], query.rpartition("@")[2].partition("?")[2]
    told = [
        user.partition(":")[2],
        *(value for name, value in re.findall(r"([^&=]+)=([^&]*)", query) if "pass" in name),
    ]
    return any(VARIABLE.sub("", one) for one in told)


def hide(text: str, secrets: list[str], hidden: str) -> str:
    """A text without secrets: a short one only where it is a word by itself.

    Examples
    --------
    >>> hide("the database db at db.example refuses", ["db", "db.example"], "***")
    'the database *** at *** refuses'
    """
    for secret in sorted(secrets, key=len, reverse=True):
        pattern = re.escape(secret)
        text = re.sub(pattern if len(secret) >= 8 else rf"(?<!\w){pattern}(?!\w)", lambda _: hidden, text)
    return text
