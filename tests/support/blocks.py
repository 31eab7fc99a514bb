"""Who runs the blocks of code on the pages: a reader who follows the page, a test of their own, or nobody, and why.

A block is named by its page and its first line.
"""

from collections.abc import Mapping

from tests.support.pages import PAGES

# Pages that are followed from top to end, block by block; tests/docs/test_guide.py.
FOLLOWED = ["README.md", *(path for path in PAGES if path.startswith("app/docs/guide/"))]

_TASKS, _SCHEDULES = "app/docs/guide/tasks.md", "app/docs/guide/schedules.md"
_DEPLOY, _ARQ, _BENCH = "deploy/README.md", "deploy/arq.md", "benchmarks/README.md"
_SITE = "tests/dev/test_site.py::test_a_fresh_copy_runs_loads_stops_and_runs_again"
_MOVED = "tests/docs/test_deploy_page.py::test_a_queue_is_moved"
_GIVEN = "tests/docs/test_deploy_page.py::test_a_queue_is_given_to_arq"
_CHECK = "tests/docs/test_arq_page.py::test_its_commands_are_there"
_WORKER = "tests/integration/arq/test_drop_in.py"
_RESTORE = 'pg_restore --no-owner --exit-on-error --dbname="$RESTORED" "$JOBS_BACKUP_DIR"/switchyard-*.dump'
_BACKUP = "tests/integration/scheduled/test_backup.py"
_INSTALL = "tests/deploy/test_install.py::test_the_guide_leads_to_a_site_that_stays"
_PROBE = "SWITCHYARD_URL=https://switchyard.example SWITCHYARD_API_KEY=... APP_METRICS_TOKEN=... switchyard probe"

# By which test; of a command that does not end, one that starts the same. That of the guide runs where it is asked for.
RUN_BY: Mapping[tuple[str, str], str] = {
    ("README.md", "./dev run"): _SITE,
    ("README.md", "./dev demo"): _SITE,
    ("README.md", "install -m 644 shop_tasks.py /opt/switchyard/"): _INSTALL,
    ("README.md", "JOBS_TASKS=shop_tasks:TASKS ./dev run"): _SITE,
    (_TASKS, "JOBS_TASKS=shop_tasks:TASKS,shop_reports:TASKS ./dev run"): _SITE,
    (_SCHEDULES, "JOBS_TASKS=shop_tasks:TASKS JOBS_SCHEDULES=shop_schedules:SCHEDULES ./dev run"): _SITE,
    (
        "app/docs/reference/stores.md",
        "redis://[user:password@]host[:6379][/0]",
    ): "tests/docs/test_reference.py::test_the_forms_of_redis_addresses_are_taken",
    (_DEPLOY, "apt-get install -y git python3-venv postgresql redis-server nginx curl openssl"): _INSTALL,
    (_DEPLOY, "umask 077; mkdir -p /etc/switchyard/secrets; cd /etc/switchyard/secrets"): _INSTALL,
    (_DEPLOY, "systemctl daemon-reload"): _INSTALL,
    (_DEPLOY, "cp deploy/nginx/switchyard.conf /etc/nginx/sites-available/"): _INSTALL,
    (_DEPLOY, _PROBE): _INSTALL,
    (_DEPLOY, "cd /opt/switchyard && git pull"): _INSTALL,
    (_DEPLOY, "cd /opt/switchyard && git checkout PREVIOUS"): _INSTALL,
    (_DEPLOY, "apt-get install -y prometheus prometheus-alertmanager"): _INSTALL,
    (_DEPLOY, "python -m jobs release-parked"): _GIVEN,
    (_DEPLOY, "# shop_mail.py"): _MOVED,
    (_DEPLOY, "switchyard run backup_database --watch"): _BACKUP,
    (_DEPLOY, _RESTORE): _BACKUP,
    (_ARQ, "from arq import create_pool"): "tests/docs/test_arq_page.py::test_its_client_works_as_it_stands",
    (_ARQ, "from jobs.worker import Worker"): _WORKER,
    (_ARQ, "python -m jobs.drop_in shop.WorkerSettings"): f"{_WORKER}::test_a_burst_runs_what_there_is",
    (_ARQ, "python -m jobs release-parked"): _GIVEN,
    (_ARQ, "arq jobs.stock.DataSync"): _GIVEN,
    (_ARQ, "python -m jobs check --queues data_sync,scheduled"): _CHECK,
}

_SHOWN = "shows what there is: no command"
_LONG = "takes minutes, and is for who measures"

# And why.
RUN_BY_NOBODY: Mapping[tuple[str, str], str] = {
    ("README.md", "app/"): _SHOWN,
    ("app/docs/guide/events.md", "event: job"): _SHOWN,
    ("app/docs/reference/metrics.md", "scrape_configs:"): _SHOWN,
    (_DEPLOY, "cd deploy/containers"): "needs podman and a registry; tests/deploy/test_containers.py holds the files",
    (_DEPLOY, 'KEY="Authorization: Bearer ..."'): "begins what the runbooks go on with; the key is left out",
    (_BENCH, "./dev bench"): _LONG,
    (_BENCH, "./dev bench beside_sync"): _LONG,
    (_BENCH, "./dev bench engine"): _LONG,
    (_BENCH, "./dev bench crowd --full"): _LONG,
    (_BENCH, "./dev bench lists"): _LONG,
    (_BENCH, "./dev bench rebuild"): _LONG,
    (_BENCH, "./dev bench scrape"): _LONG,
    (_BENCH, "./dev bench middleware"): _LONG,
    (_BENCH, "./dev soak"): _LONG,
}
