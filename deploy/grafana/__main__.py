"""`python -m deploy.grafana`: write the dashboards' files anew."""

from pathlib import Path

from deploy.grafana.boards import DASHBOARDS
from deploy.grafana.render import render

FOLDER = Path(__file__).with_name("dashboards")


def main() -> None:
    """Write one file for each dashboard, and remove those of which there is none any more."""
    files = {FOLDER / f"{dashboard.name}.json": render(dashboard) for dashboard in DASHBOARDS}
    for former in set(FOLDER.glob("*.json")) - files.keys():
        former.unlink()
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
