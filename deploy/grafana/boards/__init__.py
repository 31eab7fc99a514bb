"""What each dashboard shows. The expressions build on the recordings of `deploy/prometheus/rules/recordings.yml`."""

from deploy.grafana.boards.data_sync import DATA_SYNC
from deploy.grafana.boards.limits import LIMITS
from deploy.grafana.boards.overview import OVERVIEW
from deploy.grafana.boards.queues import QUEUES
from deploy.grafana.panel import Dashboard

DASHBOARDS: tuple[Dashboard, ...] = (OVERVIEW, QUEUES, LIMITS, DATA_SYNC)
