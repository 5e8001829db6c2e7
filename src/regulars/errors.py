"""The kind of error that a user is meant to read, and what ends a notebook whose page is complete before its end."""

import re

UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    r"""Text without characters that steer a terminal or turn the direction of reading; lines and tabs stay.

    Examples
    --------
    >>> printable("\x1b[31mred\n")
    '[31mred\n'
    """
    return text if text.isprintable() else UNPRINTABLE.sub("", text)


class UserError(Exception):
    """Something in the data or the settings that the reader of the message can put right.

    The message is one sentence that names file, column, row and value as far as they are known, and says what
    to do. The command line prints it alone, without a traceback, and exits with 1; the environment variable
    ``REGULARS_DEBUG=1`` brings the traceback back. What it quotes of a file steers no terminal.

    Examples
    --------
    >>> raise UserError("params.yaml: value.margin is 3, but a margin is a share of revenue between 0 and 1.")
    Traceback (most recent call last):
    regulars.errors.UserError: params.yaml: value.margin is 3, but a margin is a share of revenue between 0 and 1.
    """

    def __str__(self) -> str:
        return printable(super().__str__())


class UntoldError(UserError):
    """The data are as they must be and still allow no answer: the page says so, and the rest of it stands."""
