"""Reading an answer of /metrics as Prometheus does."""

import re
from collections.abc import Mapping

import httpx
from prometheus_client.parser import text_string_to_metric_families

from jobs.stores.database import Database
from tests.support.conditions import eventually
from tests.support.site import running_web, running_worker

Samples = Mapping[str, Mapping[frozenset[tuple[str, str]], float]]
Families = Mapping[str, tuple[str, frozenset[str]]]

STORES = ("redis", "postgresql")
# A family of each question that the stores are asked for a scrape: what is not answered in time is left out.
_ANSWERS = (
    *("switchyard_redis_memory_bytes", "switchyard_rate_limit_requests_total", "switchyard_cache_hits_total"),
    *("switchyard_http_requests_total", "switchyard_jobs_not_enqueued", "switchyard_alerts_open"),
)


def samples_of(text: str) -> Samples:
    """Give the samples by name, and those of a name by their labels. AssertionError where one comes twice."""
    samples: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = frozenset(sample.labels.items())
            of_name = samples.setdefault(sample.name, {})
            assert labels not in of_name, sample
            of_name[labels] = sample.value
    return samples


def families_of(text: str) -> Families:
    """Give the type of each family, by its name as it is shown, and the names of its labels."""
    types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))
    labels: dict[str, set[str]] = {name: set() for name in types}
    for sample, of in samples_of(text).items():
        name = sample if sample in types else re.sub(r"_(bucket|sum|count)$", "", sample)
        labels[name] |= {label for one in of for label, _ in one} - {"le"}
    return {name: (kind, frozenset(labels[name])) for name, kind in types.items()}


def value_of(samples: Samples, name: str, **labels: str) -> float:
    """Give the one sample of exactly these labels. Raises KeyError."""
    return samples[name][frozenset(labels.items())]


async def scrape(client: httpx.AsyncClient) -> Samples:
    """Give what a site shows in a scrape that both stores have answered in time: on a busy machine not each is one."""

    async def answered() -> str | None:
        text = (await client.get("/metrics")).text
        return text if is_whole(text) else None

    return samples_of(await eventually(answered))


def is_whole(text: str) -> bool:
    """Say whether both stores have answered all that a scrape asks them."""
    are_up = all(f"\nswitchyard_{store}_up 1.0\n" in text for store in STORES)
    return are_up and all(f"# TYPE {name} " in text for name in _ANSWERS)


async def whole_scrape(environ: Mapping[str, str], database: Database) -> str:
    """Run a site on which every series is to be seen; give what it shows."""
    await database.execute("INSERT INTO backups (name, bytes, began_at) VALUES ('a', 1, now())")
    settings = {**environ, "JOBS_TIMETABLE": "", "JOBS_BACKUP_DIR": environ["JOBS_DATA_DIR"]}
    async with running_web(settings) as client, running_worker(environ):

        async def all_shown() -> str | None:
            text = (await client.get("/metrics")).text
            # The worker has to have said that it is there, its steward what fires when, and a request to be counted.
            has_begun = all(word in text for word in ('worker="', 'schedule="', "request_seconds_count"))
            return text if has_begun and is_whole(text) else None

        return await eventually(all_shown)
