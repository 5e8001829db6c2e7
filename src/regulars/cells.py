"""How the cells of a notebook run: what the data do not allow is named by why, and the story goes on.

Every call in a cell is made on its own. Where it raises a `UserError` it hands on a `Refusal` in place of a result, and
what is made of that hands the same on; a maker of a section (`regulars.finding.tells`) tells why. So a part that cannot
be computed ends neither a page nor a build, whichever part it is. `regulars.open` sees to it in a live kernel and in
the pipeline alike.
"""

import ast
import os
import sys
from collections.abc import Callable

from regulars.errors import UserError
from regulars.finding import UNUSABLE, Finding, Refusal, refused
from regulars.paths import STAGING_VARIABLE

CALL = "_told_or_why"  # what a cell's calls are made through
DEBUG_VARIABLE = "REGULARS_DEBUG"
OURS = "this part of Regulars failed ({error}); the data are not to blame: please report it."
# whose functions and methods hand out and write what everything rests on: what they raise ends the run
OWNERS = {"regulars.dataset", "regulars.told", "regulars.cleaning.process"}

faults: list[str] = []  # of Regulars itself, since the kernel started


def told_or_why(call: Callable, /, *args, **kwargs):
    """Make a call; where the data do not allow it, hand on why.

    Parameters
    ----------
    call : callable
    *args, **kwargs
        What it is given. Where a `Refusal` is among it, whatever the call raises comes from that.

    Returns
    -------
    object
        The result; a `Refusal`, or of a section's maker a `Finding` that says why. In the pipeline an error of Regulars
        itself is told in the same way, and listed in `faults`.

    Examples
    --------
    >>> def half(n):
    ...     if n < 2:
    ...         raise UserError("There is one customer only.")
    ...     return n / 2
    >>> none = told_or_why(half, 1)
    >>> none, told_or_why(half, none), told_or_why(half, 4)
    (It cannot be told: There is one customer only., It cannot be told: There is one customer only., 2.0)
    """
    try:
        return call(*args, **kwargs)
    except UserError as error:
        if _is_ground(call):
            raise
        return _why(call, Refusal(str(error)))
    except Exception as error:
        if (given := refused(*args, *kwargs.values())) is not None:
            return _why(call, given)
        # what everything rests on is whole or not there: half a table must not take the place of an earlier one
        if _is_ground(call) or not os.environ.get(STAGING_VARIABLE) or os.environ.get(DEBUG_VARIABLE) == "1":
            raise
        told = f"{type(error).__name__}: {error}".splitlines()[0]
        faults.append(f"{getattr(call, '__name__', call)}: {told}")
        return _why(call, Refusal(OURS.format(error=told)))


def _is_ground(call: Callable) -> bool:
    """Whether all else rests on a call: on what cleans or opens a dataset, and on methods of that and of a report."""
    owners = type(getattr(call, "__self__", None)).__mro__
    return any(getattr(one, "__module__", None) in OWNERS for one in (call, *owners))


def _why(call: Callable, refusal: Refusal) -> Refusal | Finding:
    section = getattr(call, "section", None)
    return refusal if section is None else Finding(UNUSABLE, {"why": refusal.why}, key=section)


class _Through(ast.NodeTransformer):
    """Make every call through `told_or_why`."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        through = ast.copy_location(ast.Name(CALL, ast.Load()), node)
        return ast.copy_location(ast.Call(through, [node.func, *node.args], node.keywords), node)


def compiled(source: str, name: str):
    """Code of a cell that is run outside a kernel, in a scope in which `CALL` is `told_or_why`.

    Parameters
    ----------
    source, name : str

    Returns
    -------
    code

    Examples
    --------
    >>> scope = {CALL: told_or_why, "half": lambda n: 1 / 0, "none": Refusal("nobody came back.")}
    >>> exec(compiled("found = half(none)", "a cell"), scope)
    >>> scope["found"]
    It cannot be told: nobody came back.
    """
    return compile(ast.fix_missing_locations(_Through().visit(ast.parse(source, name))), name, "exec")


def guard_kernel() -> None:
    """Let the cells of the kernel in which this runs, if any, be made so from the next one on."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None or any(isinstance(one, _Through) for one in shell.ast_transformers):
        return
    shell.push({CALL: told_or_why}, interactive=False)
    shell.ast_transformers.append(_Through())
