"""`switchyard`, or `python -m app.cli`."""

import sys
from collections.abc import Sequence

import click

from app.cli.root import root
from app.cli.statuses import Status
from app.cli.streams import print_anything


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; give its exit status. Without `arguments` they are those of the process."""
    print_anything()
    try:
        status = root.main(arguments, prog_name="switchyard", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort as error:
        if isinstance(error.__cause__, KeyboardInterrupt) or sys.stdin.isatty():
            return Status.INTERRUPTED
        click.echo(
            "Error: there is something to be asked, and no terminal to ask on; --help says what to give", err=True
        )
        return Status.USAGE
    return int(status or Status.DONE)


if __name__ == "__main__":
    sys.exit(main())
