"""What each endpoint takes and answers. Whoever adds an endpoint adds an entry; a test names those without one."""

from app.openapi.operation import Operations
from app.openapi.operations.accounts import ACCOUNTS
from app.openapi.operations.alerts import ALERTS
from app.openapi.operations.audit import AUDIT
from app.openapi.operations.batches import BATCHES
from app.openapi.operations.cache import CACHE
from app.openapi.operations.data_sync import DATA_SYNC
from app.openapi.operations.events import EVENTS
from app.openapi.operations.failures import FAILURES
from app.openapi.operations.jobs import JOBS
from app.openapi.operations.processing import PROCESSING
from app.openapi.operations.quarantine import QUARANTINE
from app.openapi.operations.queues import QUEUES
from app.openapi.operations.quota import QUOTA
from app.openapi.operations.rate_limit import RATE_LIMIT
from app.openapi.operations.schedules import SCHEDULES
from app.openapi.operations.shelf import SHELF
from app.openapi.operations.shops import SHOPS
from app.openapi.operations.site import SITE

OPERATIONS: Operations = {
    **JOBS,
    **BATCHES,
    **EVENTS,
    **FAILURES,
    **QUEUES,
    **QUOTA,
    **SCHEDULES,
    **AUDIT,
    **ACCOUNTS,
    **RATE_LIMIT,
    **DATA_SYNC,
    **SHELF,
    **SHOPS,
    **CACHE,
    **PROCESSING,
    **ALERTS,
    **QUARANTINE,
    **SITE,
}
