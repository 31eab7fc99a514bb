"""A dashboard as Grafana's JSON, of a schema that Grafana 9 and later read."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from deploy.grafana.panel import FULL_WIDTH, Dashboard, Kind, Panel

_SCHEMA = 38
_PREFIX = "switchyard"
_SOURCE = {"type": "prometheus", "uid": "${source}"}  # whichever is chosen on the dashboard

Json = dict[str, Any]


def render(dashboard: Dashboard) -> str:
    """Give the text of its file."""
    shown = {
        "uid": f"{_PREFIX}-{dashboard.name.replace('_', '-')}",
        "title": f"Switchyard: {dashboard.title}",
        "tags": [_PREFIX],
        "schemaVersion": _SCHEMA,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "links": [{"type": "dashboards", "title": "Switchyard", "tags": [_PREFIX], "asDropdown": False}],
        "templating": {"list": list(_variables(by_queue=dashboard.by_queue))},
        "panels": list(_panels(dashboard.panels)),
    }
    return json.dumps(shown, indent=2) + "\n"


def _variables(*, by_queue: bool) -> Iterator[Json]:
    yield {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus", "current": {}}
    if by_queue:
        yield {
            "name": "queue",
            "label": "Queue",
            "type": "query",
            "datasource": _SOURCE,
            "query": "label_values(switchyard_queue_paused, queue)",
            "refresh": 2,  # whenever the time changes
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": ["All"], "value": ["$__all"]},
        }


def _panels(panels: Iterable[Panel]) -> Iterator[Json]:
    """Lay them out from the left to the right, and a line below where one has no more room."""
    x = y = below = 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.width > FULL_WIDTH:
            x, y = 0, below
        yield _panel(panel, number) | {"gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height}}
        x += panel.width
        below = max(below, y + panel.height)


def _panel(panel: Panel, number: int) -> Json:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.meaning,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, "custom": _drawing(panel)}, "overrides": []},
        "options": _options(panel.kind),
        "targets": [
            {"refId": chr(ord("A") + place), "datasource": _SOURCE, "expr": query.expr, "legendFormat": query.legend}
            for place, query in enumerate(panel.queries)
        ],
    }


def _drawing(panel: Panel) -> Json:
    if panel.kind is Kind.NUMBER:
        return {}
    stacking = {"mode": "normal" if panel.stacked else "none"}
    return {"drawStyle": "line", "fillOpacity": 30 if panel.stacked else 0, "stacking": stacking}


def _options(kind: Kind) -> Json:
    if kind is Kind.NUMBER:
        return {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "none"}
    return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
