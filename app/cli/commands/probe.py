"""probe: whether a site is well, as it is seen from here."""

import click

from app.cli.commands.options import Seconds
from app.cli.output import Output
from app.cli.probing import Probe
from app.cli.session import Session, json_option, known_site, run
from app.cli.statuses import Status
from app.client import Client, Patience

_ONCE = Patience(total_s=0.0)


@click.command("probe")
@click.option("--metrics-token", envvar="APP_METRICS_TOKEN", help="What /metrics asks for.  [env: APP_METRICS_TOKEN]")
@click.option(
    "--wait",
    "wait_s",
    type=Seconds(min=0.1, max=25),
    default=25,
    show_default=True,
    help="How many seconds a job may take.",
)
@json_option
def probe(*, metrics_token: str | None, wait_s: float, as_json: bool) -> int:
    """Look at a live site from outside: a line for each thing that is well or is not.

    Is it reached, by TLS, and ready? Is the key known, do limits count, do jobs come through? Are metrics told to whom
    they should be, logins refused alike whoever there is, and is the documentation there?

    An administrator's key sends the canary of each queue; any other one sends diag.noop where that is offered. It takes
    a few requests and two wrong passwords. The exit status is 0 if all is well, else 1.
    """
    site, out = known_site(), Output(as_json=as_json)

    async def look(session: Session) -> int:
        async with Client(site.url, patience=_ONCE) as stranger:
            found = await Probe(
                url=site.url, client=session.client, stranger=stranger, metrics_token=metrics_token, wait_s=wait_s
            ).run()
        if as_json:
            out.lines([{"subject": one.subject, "ok": one.is_ok, "reason": one.reason} for one in found])
        else:
            for one in found:
                out.say(f"{'ok' if one.is_ok else 'FAILED':<8}{one.subject}: {one.reason}")
        return Status.DONE if all(one.is_ok for one in found) else Status.FAILED

    return run(site.url, site.key, out, look, patience=_ONCE)
