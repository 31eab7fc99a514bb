"""For who writes tasks: their tests run a task in place, without any store, or real jobs until none is left.

in_place    one call of one task, with a context that writes down what it is told
harness     jobs on a Redis and a PostgreSQL of the test's, submitted and run by the real engine
"""

from jobs.testing.harness import Harness, open_harness
from jobs.testing.in_place import Ran, run_in_place

__all__ = ["Harness", "Ran", "open_harness", "run_in_place"]
