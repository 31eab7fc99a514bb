"""All commands, in the order in which help lists them: a literal table. A command is loaded when it is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module

import click
from click.shell_completion import CompletionItem

from app import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A command under its `name`: the module that has it, below `app.cli.commands`, and what it does, for the list."""

    name: str
    module: str
    says: str

    def load(self) -> click.Command:
        """Give the command."""
        found = vars(import_module(f"app.cli.commands.{self.module}")).values()
        (command,) = (one for one in found if isinstance(one, click.Command) and one.name == self.name)
        return command


def _of(module: str, **commands: str) -> Sequence[Entry]:
    return [Entry(name=name, module=module, says=says) for name, says in commands.items()]


SECTIONS: Mapping[str, Sequence[Entry]] = {
    "Jobs": [
        *_of("jobs", submit="Submit a job."),
        *_of("batches", batch="Submit many jobs from a file, a line each."),
        *_of("watch", watch="Follow jobs and batches to their ends."),
        *_of("jobs", list="List jobs, newest first."),
        *_of("batches", batches="List batches, newest first."),
        *_of(
            "jobs",
            show="Show a job or a batch.",
            cancel="Cancel jobs or batches.",
            retry="Run once more what failed.",
        ),
        *_of("catalogue", tasks="List what can be submitted.", failures="List what jobs have failed of."),
    ],
    "Files": [
        *_of("files", upload="Upload files, and sync them.", files="List uploaded files."),
        *_of("reports", preview="Look into a file before it is synced."),
        *_of("files", sync="Load uploaded files, and show how it goes."),
        *_of("reports", quality="Show how good a file's rows were."),
        *_of("quarantine", quarantine="Show, mend and load rows that were set aside."),
        *_of("templates", templates="List, make and publish templates."),
        *_of("reports", profile="Show which columns a file has, and what is in them."),
        *_of("images", images="Extract, list and fetch images of products."),
        *_of("sources", sources="Show how each source's files do.", scan="Take in files from the site's inbox."),
        *_of("alerts", alerts="List what is about to run out."),
        *_of("shops", shops="List, enter and change shops."),
        *_of("versions", versions="List, enter and change component versions."),
    ],
    "The site": [
        *_of(
            "queues",
            queues="Show how the queues do.",
            pause="Let nothing of a queue start any more.",
            resume="Let a queue go on.",
            workers="List the worker processes.",
        ),
        *_of("schedules", schedules="List what runs by itself.", run="Run a schedule out of turn."),
        *_of(
            "limits", limits="Show and change rate limits.", quota="Show, or change, how many jobs somebody may have."
        ),
        *_of("users", users="List, add and change users."),
        *_of("audit", audit="Show who did what."),
        *_of("cache", cache="Show and clear what is cached."),
        *_of("probe", probe="Look at a live site from outside."),
    ],
    "You": [
        *_of("login", login="Keep a site's address and a key for the next commands."),
        *_of("login", logout="End the session, and forget the key."),
        *_of("keys", keys="List, make and revoke your API keys."),
    ],
}
COMMANDS: Mapping[str, Entry] = {entry.name: entry for entries in SECTIONS.values() for entry in entries}

HELP = """Submit jobs to a Switchyard site, and see how they and the site do.

The site and the key are those of SWITCHYARD_URL and SWITCHYARD_API_KEY, else those that `switchyard login` keeps.
A site that does not answer is asked again for a minute, or for SWITCHYARD_PATIENCE_S seconds.

Exit status: 0 done, 1 a job that was waited for has not succeeded, rows or files were not taken, or a site that was
probed is not well, 2 wrong usage, 3 refused by the site, 4 no site answers, 130 Ctrl-C or no, 141 nobody reads it.
"""


class _Table(click.Group):
    """Knows its commands from the table: help and completion load none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Give the names, as the table has them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """Load a command."""
        entry = COMMANDS.get(cmd_name)
        return None if entry is None else entry.load()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is named; of a name that there is not the error says what is near to it."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], COMMANDS, n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]}?", ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's signature
        """Write a list for each section."""
        for title, entries in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(entry.name, entry.says) for entry in entries])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete names of commands, and options."""
        names = [
            CompletionItem(one.name, help=one.says) for one in COMMANDS.values() if one.name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]


root = _Table("switchyard", help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
root = click.version_option(__version__, message="%(prog)s %(version)s")(root)
