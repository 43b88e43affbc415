"""A process that may die in the middle of its work, and what is left then."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable

CUT = 137
"""How one ends whose power went, as a shell tells of SIGKILL."""


def life(work: Callable[[], int]) -> int:
    """How a child ended that did that work: the number that `work` gave, 1 when it failed, or whatever it ended with
    by itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads that this process has and the child lacks
        child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        status = work()
    finally:
        os._exit(status)
