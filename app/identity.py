"""Who asks. A record; how it is found out is in auth."""

from dataclasses import dataclass
from enum import StrEnum

SESSION_COOKIE = "switchyard_session"

ANONYMOUS = "anonymous"
ADMIN = "admin"  # who holds the key of the settings; he has no row and no password

# No user is called like this: to the first two belong jobs that no user has submitted.
RESERVED_NAMES = frozenset({"system", "arq", ADMIN, ANONYMOUS})


class Role(StrEnum):
    """What somebody may do, and how much of it."""

    ADMIN = "admin"
    PREMIUM = "premium"
    NORMAL = "normal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody who is logged in. `owner` is the name that his jobs carry: a user's id, which never changes."""

    owner: str
    role: Role

    @property
    def sees(self) -> str | None:
        """Whose things he may see: None is everybody's, for an admin."""
        return None if self.role is Role.ADMIN else self.owner


OWNER_OF_SITE = Identity(owner=ADMIN, role=Role.ADMIN)
