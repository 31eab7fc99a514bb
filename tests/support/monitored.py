"""What is shipped for Prometheus and Alertmanager, in a test's own place and at a test's pace."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.support.monitoring import Config, address_of, write
from tests.support.rules import ALERTMANAGER, PROMETHEUS, RULE_FILES, load, seconds

# Where a rule has a number that stands for a time; the test looks at how much sooner it may be.
_COUNTED = "300 *"  # what a rate of five minutes has counted
_TICK = "switchyard_steward_tick_age_seconds) > 120"
_TICK_SOONER = "switchyard_steward_tick_age_seconds) > 5"


def scraping(
    folder: Path,
    *,
    site: httpx.AsyncClient,
    token: str,
    alertmanager: httpx.AsyncClient | None = None,
    minute_s: int = 60,
) -> Config:
    """Give Prometheus' shipped configuration for a site with this token for its metrics, which it scrapes each second.

    `minute_s` is how long what the rules call a minute lasts.
    """
    config = load(PROMETHEUS / "prometheus.yml")
    write(folder / "metrics-token", f"{token}\n")
    config["global"] |= {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(path) for path in _rules(folder, minute_s)]
    told = [] if alertmanager is None else [address_of(alertmanager)]
    config["alerting"]["alertmanagers"][0]["static_configs"] = [{"targets": told}]
    config["scrape_configs"][0]["static_configs"] = [{"targets": [address_of(site)]}]
    return dict(config)


def telling(folder: Path, *, url: str, token: str) -> Config:
    """Give Alertmanager's shipped configuration with one webhook in place of all who are told, at once."""
    config = load(ALERTMANAGER)
    write(folder / "webhook-token", f"{token}\n")
    webhook = config["receivers"][0]["webhook_configs"][0] | {"url": url, "send_resolved": True}
    receivers = [{"name": receiver["name"], "webhook_configs": [webhook]} for receiver in config["receivers"]]
    for route in (config["route"], *config["route"]["routes"]):
        route |= {"group_wait": "0s", "group_interval": "1s"}
    return {**config, "receivers": receivers, "templates": []}


def _rules(folder: Path, minute_s: int) -> Iterator[Path]:
    """Write the rules at this pace; give where."""

    def sooner(time: re.Match[str]) -> str:
        return f"{seconds(time[0]) * minute_s // 60}s"

    for path in RULE_FILES:
        text = path.read_text(encoding="utf-8")
        if minute_s != 60:
            text = re.sub(r"(?<=\[)\d+[mh](?=\])|(?<=for: )\d+[mh]", sooner, text)
            text = text.replace(_COUNTED, f"{5 * minute_s} *").replace(_TICK, _TICK_SOONER)
        yield write(folder / path.name, text)
