"""How the command ends, for scripts. They are in app/docs/guide/command.md."""

from enum import IntEnum


class Status(IntEnum):
    """An exit status."""

    DONE = 0
    # A job that was waited for has not succeeded, rows or files were not taken, a site is not well, or there is no room
    # for what is printed.
    FAILED = 1
    USAGE = 2  # the command line, the settings or a file given is wrong; the site was asked for nothing
    REFUSED = 3  # the site said no
    UNREACHABLE = 4  # no site answered
    INTERRUPTED = 130  # Ctrl-C, or no to a question
    UNREAD = 141  # nobody reads what is printed any more, as after `| head`
