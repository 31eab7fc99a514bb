"""Whom a flood keeps waiting: the score rule beside first in, first out and fair queueing, simulated; no server runs.

workloads     who submits what, and when
disciplines   in which order waiting jobs start
simulation    slots, a clock and a queue
report        the tables, and `main`
"""

from benchmarks.fairness.report import main

__all__ = ["main"]
