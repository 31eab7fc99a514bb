"""`switchyard`, or `python -m app.cli`."""

import sys
from collections.abc import Sequence

import click

from app.cli.root import root
from app.cli.statuses import Status


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; give its exit status. Without `arguments` they are those of the process."""
    try:
        status = root.main(arguments, prog_name="switchyard", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return Status.INTERRUPTED
    return int(status or Status.DONE)


if __name__ == "__main__":
    sys.exit(main())
