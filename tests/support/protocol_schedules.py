"""Many schedules of the state machine, one after the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from hypothesis import seed, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from hypothesis.stateful import run_state_machine_as_test

from tests.support.protocol import World
from tests.support.protocol_machine import Machine


def play_schedules(world: World, size: settings, *, which: int = 0) -> None:
    """Play so many schedules of so many steps; raises what the first that fails has raised.

    `which` chooses among endless series of schedules; the same is the same.
    """

    @seed(which)
    def machine() -> Machine:
        return Machine(world)

    with _drawn_by_the_seed_alone():
        run_state_machine_as_test(machine, settings=size)  # type: ignore[arg-type]  # it takes a factory too


@contextmanager
def _drawn_by_the_seed_alone() -> Iterator[None]:
    """Draw no numbers from the source of modules: Hypothesis does, of whichever happen to be loaded by now."""
    with (
        patch.object(providers.HypothesisProvider, "_local_constants", Constants()),
        patch.object(providers, "CONSTANTS_CACHE", {}),
    ):
        yield
