"""What a person sees: one line for each step, one line for each failure."""

import sys
import time
from contextlib import contextmanager


class Failure(Exception):
    """Something the user can put right; its text is one line saying what to do."""


def say(text: str) -> None:
    """Print a line at once, also when the output is a pipe."""
    print(text, flush=True)


def warn(text: str) -> None:
    """Print a line to standard error."""
    print(f"weir: {text}", file=sys.stderr, flush=True)


@contextmanager
def step(text: str):
    """Announce a step and say how long it took."""
    started = time.monotonic()
    yield
    say(f"  {text} ({time.monotonic() - started:.1f} s)")
