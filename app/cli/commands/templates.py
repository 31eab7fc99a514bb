"""templates: list, show, add, publish."""

from typing import Any, TextIO, cast

import click

from app.cli.commands.options import DOMAINS, GRANULARITIES, Listing, gathered, given, limit_option
from app.cli.output import Columns, brief, compact, moment
from app.cli.pairs import read_object, read_text
from app.cli.session import Session, connected
from app.client.shapes.templates import NewTemplate, Template


def _source(template: Template) -> str:
    parts = (template["platform"], template["domain"], template["sub_domain"], template["granularity"])
    return "/".join(part for part in parts if part is not None)


_TEMPLATES: Columns[Template] = {
    "ID": lambda template: template["id"],
    "STATE": lambda template: template["state"],
    "SOURCE": _source,
    "VERSION": lambda template: template["version"],
    "FIELDS": lambda template: len(template["fields"]),
    "MADE": lambda template: brief(template["created_at"]),
}


@click.command("list", short_help="List templates, newest first.")
@click.option("--platform", help="Only those of this platform.")
@click.option("--domain", type=DOMAINS, help="Only those of this domain.")
@click.option("--granularity", type=GRANULARITIES, help="Only those of this granularity.")
@limit_option
@connected
async def list_templates(session: Session, *, limit: int, **wanted: Any) -> None:  # noqa: ANN401  a filter
    """List templates of all versions, newest first. Of one source the highest version that is published counts."""
    found = await gathered(session.client.templates.list(most=limit, **given(**wanted)))
    session.out.rows(found, _TEMPLATES, nothing="no templates")


@click.command("show", short_help="Show a template.")
@click.argument("template_id")
@connected
async def show_template(session: Session, *, template_id: str) -> None:
    """Show a template. With --json it is nearly what `add` takes."""
    _show(session, await session.client.templates.show(template_id))


@click.command("add", short_help="Make a template from a file.")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--publish", is_flag=True, help="Let it count, too.")
@connected
async def add_template(session: Session, *, file: TextIO, publish: bool) -> None:
    """Make the next version of a source's template from FILE, - for the standard input.

    It is a JSON object such as {"platform": "shop", "domain": "orders", "granularity": "daily", "fields":
    ["order", "sku", "day"], "key_fields": ["order", "sku"], "date_rule": {"field": "day"}}.

    What is made is a draft until it is published. For administrators.
    """
    wanted = cast("NewTemplate", read_object(read_text(file), of=file.name))
    made = await session.client.templates.add(**wanted)
    _show(session, await session.client.templates.publish(made["id"]) if publish else made)
    if not publish:
        session.out.note(f"to let it count: switchyard templates publish {made['id']}")


@click.command("publish", short_help="Let a template count.")
@click.argument("template_id")
@connected
async def publish_template(session: Session, *, template_id: str) -> None:
    """Let a draft count from the next sync on, in place of the version before. For administrators."""
    _show(session, await session.client.templates.publish(template_id))


templates = Listing(
    "templates",
    commands=[list_templates, show_template, add_template, publish_template],
    help="List, make and publish templates: agreements on how a source's files look.",
)


def _show(session: Session, template: Template) -> None:
    rule = template["date_rule"]
    session.out.facts(
        template,
        {
            "template": template["id"],
            "source": _source(template),
            "version": template["version"],
            "state": template["state"],
            "header row": template["header_row"],
            "fields": ", ".join(template["fields"]),
            "key": ", ".join(template["key_fields"]),
            "required": ", ".join(template["required_fields"]),
            "day": rule["field"] if rule["format"] is None else f"{rule['field']}, as {rule['format']}",
            "repeats": template["repeats"],
            "types": ", ".join(f"{name} {kind}" for name, kind in template["types"].items()),
            "ranges": compact(template["ranges"]) if template["ranges"] else None,
            "made": moment(template["created_at"]),
        },
    )
