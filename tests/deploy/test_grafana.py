"""Grafana's dashboards: the files are those that are made, and each query asks for what there is."""

import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.grafana.boards import DASHBOARDS
from deploy.grafana.render import render
from tests.support.panels import BOARDS, board, queries
from tests.support.programs import program_of
from tests.support.rules import ROOT, load

SIX = ("Task rate", "Failure rate", "Queue length", "Tasks by state", "Worker state", "P95 duration")


def test_the_files_are_those_that_are_made() -> None:
    """Who changes a dashboard runs `python -m deploy.grafana`."""
    made = {f"{dashboard.name}.json": render(dashboard) for dashboard in DASHBOARDS}
    assert {path.name: path.read_text(encoding="utf-8") for path in BOARDS} == made


def test_the_overview_begins_with_what_everybody_looks_for() -> None:
    """Below the numbers that say at once whether all is well."""
    (overview,) = (board(path) for path in BOARDS if path.stem == "overview")
    drawn = [panel["title"] for panel in overview["panels"] if panel["type"] == "timeseries"]
    assert tuple(drawn[:6]) == SIX


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_no_panel_lies_upon_another(path: Path) -> None:
    """Nor beyond the right edge."""
    taken: set[tuple[int, int]] = set()
    for panel in board(path)["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_grafana_is_told_where_they_are() -> None:
    """By one source and one folder, as its provisioning wants them."""
    (source,) = load(ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert (source["type"], source["access"]) == ("prometheus", "proxy")
    (provider,) = load(ROOT / "deploy/grafana/provisioning/dashboards/switchyard.yml")["providers"]
    assert (provider["type"], provider["options"].keys()) == ("file", {"path"})


def test_promtool_can_read_each_query(tmp_path: Path) -> None:
    """As rules of a file made of them."""
    made = [{"record": f"query:{number}", "expr": asked.expr} for number, asked in enumerate(queries())]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": made}]}), encoding="utf-8")
    checking = (program_of("prometheus", "promtool"), "check", "rules", str(path))
    ran = subprocess.run(checking, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
