"""What runs a claimed job, seen by those who claim: registry tasks and arq's functions have a way each."""

from typing import Protocol

from jobs.held import Run
from jobs.outcome import Ended, Failed, Outcome
from jobs.stores.leases import Claimed, Ending


class Executor(Protocol):
    """Runs the jobs of a queue; knows neither slots nor leases."""

    @property
    def hands_back(self) -> bool:
        """Say whether what a stopping worker has interrupted runs again; else it ends as cancelled."""

    def prepare(self, claimed: Claimed) -> None:
        """Complete a job of a stock client, before anything else: its limits are known here, not to the queue.

        Where a history is kept it gets its row too.
        """

    async def execute(self, run: Run) -> Outcome:
        """Run a try to its end. Nothing but a cancellation is raised: whatever else happens is an outcome."""

    def exhausted(self, claimed: Claimed) -> Failed:
        """Judge a job whose workers were lost too often: it may be what kills them."""

    def overdue(self, claimed: Claimed) -> Failed:
        """Judge a job that did not stop at its timeout."""

    def broken(self, claimed: Claimed, error: Exception) -> Failed:
        """Judge a job that met a fault of ours."""

    def ending(self, run: Run, outcome: Ended, *, ms: int) -> Ending:
        """Write an end down, as Redis is told of it. `ms` of the run, -1 where it did not run."""
