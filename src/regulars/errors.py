"""The kind of error that a user is meant to read, and what ends a notebook whose page is complete before its end."""


class UserError(Exception):
    """Something in the data or the settings that the reader of the message can put right.

    The message is one sentence that names file, column, row and value as far as they are known, and says what
    to do. The command line prints it alone, without a traceback, and exits with 1; the environment variable
    ``REGULARS_DEBUG=1`` brings the traceback back.

    Examples
    --------
    >>> raise UserError("params.yaml: value.margin is 3, but a margin is a share of revenue between 0 and 1.")
    Traceback (most recent call last):
    regulars.errors.UserError: params.yaml: value.margin is 3, but a margin is a share of revenue between 0 and 1.
    """


class UntoldError(UserError):
    """The data are as they must be and still allow no answer: the page says so, and the rest of it stands."""
