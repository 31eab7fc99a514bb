"""All commands, in the order in which help lists them: a literal table."""

import click

from app import __version__
from app.cli.commands import catalogue, files, jobs, keys, limits, login, probe, queues, schedules, users, watch

COMMANDS: tuple[click.Command, ...] = (
    login.login,
    login.logout,
    jobs.submit,
    watch.watch,
    watch.batch,
    jobs.list_jobs,
    jobs.show,
    jobs.cancel,
    jobs.retry,
    catalogue.tasks,
    catalogue.failures,
    files.upload,
    files.files,
    files.sync,
    queues.queues,
    queues.pause,
    queues.resume,
    queues.workers,
    schedules.schedules,
    schedules.run,
    limits.limits,
    limits.quota,
    keys.keys,
    users.users,
    probe.probe,
)

_HELP = """Submit jobs to a Switchyard site, and see how they and the site do.

The site and the key are those of SWITCHYARD_URL and SWITCHYARD_API_KEY, else those that `switchyard login` keeps.

Exit status: 0 done, 1 a job that was waited for has not succeeded or a site that was probed is not well, 2 wrong usage,
3 refused by the site, 4 no site answers, 130 Ctrl-C.
"""


class _InOrder(click.Group):
    """Lists its commands as the table has them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Give the names."""
        return list(self.commands)


root = _InOrder("switchyard", commands=COMMANDS, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
root = click.version_option(__version__, message="%(prog)s %(version)s")(root)
