"""A module that ends the child processes that import it, as one does whose libraries crash there."""

import multiprocessing
import os

if multiprocessing.parent_process() is not None:
    os._exit(4)


def say_nothing() -> None:
    """Do nothing; no child gets that far."""
