"""How often somebody may try to log in: by the address that he calls from, and by the name that he tries."""

from starlette.requests import Request

from app.rate_limits import require_admitted
from app.state import admission_of, deps_of


async def limit_login(request: Request, name: str) -> None:
    """Count an attempt under this name, whoever makes it and whether there is such a user.

    To be called before anything is looked up or hashed. Raises RateLimitedError. The address has been charged already,
    when the request came in.
    """
    state = request.scope["state"]
    admission = await deps_of(request).rate_limits.try_login(name, admission_of(request))
    if not admission.decision.admitted:
        state["headers"] = admission.headers
    require_admitted(admission)


async def forgive_login(request: Request) -> None:
    """Give the address its token back after a login that succeeded, so that many people may share an address.

    The name keeps what it was charged for: a login costs more than most requests.
    """
    await deps_of(request).rate_limits.forgive(admission_of(request))
