"""Many schedules of the state machine, one after the other."""

from hypothesis import seed, settings
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

    run_state_machine_as_test(machine, settings=size)  # type: ignore[arg-type]  # it takes a factory too
