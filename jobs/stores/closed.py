"""How a connection that was closed a moment ago shows: nobody has heard of it before the loop's next turn."""


def was_closed(error: RuntimeError) -> bool:
    """Tell uvloop's word for a use of such a connection from a mistake: it is none of OSError's kind."""
    return "the handler is closed" in str(error)
