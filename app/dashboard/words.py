"""The words that pages offer and explain: those of the code, so that neither can drift."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from app.identity import Role
from jobs.audit import Action
from jobs.lifecycle import is_end
from jobs.model import HIGHEST_PRIORITY, LOWEST_PRIORITY, Reason, State
from jobs.tasks.data_sync.component_versions import VersionStatus
from jobs.tasks.data_sync.model import Domain, FileState, Granularity, Repeats
from jobs.tasks.scheduled.alerts import AlertState

# What lists of choices have, by the name of what is chosen.
CHOICES: Final[Mapping[str, Sequence[StrEnum]]] = {
    "state": tuple(State),
    "action": tuple(Action),
    "role": (Role.NORMAL, Role.PREMIUM, Role.ADMIN),
    "domain": tuple(Domain),
    "granularity": tuple(Granularity),
    "file_state": tuple(FileState),
    "repeats": tuple(Repeats),
    "alert_state": tuple(AlertState),
    "version_status": tuple(VersionStatus),
}

PRIORITIES: Final = (LOWEST_PRIORITY, HIGHEST_PRIORITY)

# Why a job waits, after `It waits:`.
REASONS: Final[Mapping[Reason, str]] = {
    Reason.BEHIND: "others come first",
    Reason.OWNER_LIMIT: "as many of its owner's jobs run as may",
    Reason.PAUSED: "its queue is paused",
    Reason.NOT_DUE: "it is not due yet",
    Reason.BACKOFF: "it has failed, and is tried again later",
    Reason.NO_WORKER: "nobody serves its queue",
    Reason.UNKNOWN_TASK: "nobody who serves its queue knows its task",
    Reason.NOT_ENQUEUED: "Redis does not have it yet",
}


def has_ended(state: str) -> bool:
    """Say whether a job in this state stays in it unless somebody retries it."""
    return is_end(State(state))
