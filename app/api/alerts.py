"""/api/data-sync/alerts."""

from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from app.api.cursors import List, read_cursor, write_cursor
from app.api.parsing import answer, read_query
from app.schemas.data_sync import AlertsQuery
from app.schemas.shapes.alerts import AlertList
from app.schemas.views.alerts import alert_view
from app.state import deps_of, identity_of
from jobs.errors import InvalidInputError, Mistake
from jobs.stores.listing import Place
from jobs.tasks.scheduled.alerts import AlertFilter


async def list_alerts(request: Request) -> Response:
    """GET /api/data-sync/alerts: those of one's own files, an administrator's are everybody's."""
    query = read_query(request, AlertsQuery)
    wanted = AlertFilter(
        owner=identity_of(request).sees,
        state=query.state,
        platform=query.platform,
        shop_id=query.shop_id,
        sku=query.sku,
    )
    found = await deps_of(request).upkeep.alerts(wanted, before=_alert_at(query.cursor), limit=query.limit + 1)
    page = found[: query.limit]
    following = Place(page[-1].opened_at, str(page[-1].id)) if len(found) > len(page) else None
    view: AlertList = {
        "items": [alert_view(alert) for alert in page],
        "next_cursor": write_cursor(List.ALERTS, following),
    }
    return answer(view)


def _alert_at(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Give time and id of the alert that a cursor stands for. Raises InvalidInputError."""
    place = read_cursor(List.ALERTS, cursor)
    if place is None:
        return None
    try:
        return place.at, UUID(place.id)
    except ValueError:
        raise InvalidInputError([Mistake(pointer="/cursor", detail="is the place of no alert")]) from None
