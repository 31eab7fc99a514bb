"""`switchyard`, or `python -m app.cli`."""

import sys
from collections.abc import Sequence

import click

from app.cli.root import root
from app.cli.statuses import Status
from app.cli.streams import print_anything, print_nowhere


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; give its exit status. Without `arguments` they are those of the process."""
    print_anything()
    stdout = sys.stdout
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
    except SystemExit:
        # click's own end: of completion, or where nobody reads what it prints itself, such as help; then it has put
        # another stream in the place of this one.
        if sys.stdout is stdout:
            raise
        print_nowhere()
        return Status.UNREAD
    except OSError as error:  # of what is printed: whatever else can go wrong is told where it does
        click.echo(f"Error: the output cannot be written: {error.strerror or error}", err=True)
        print_nowhere()
        return Status.FAILED
    return int(status or Status.DONE)


if __name__ == "__main__":
    sys.exit(main())
