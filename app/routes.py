"""Which path leads where, and what every request passes through: two literal tables, read top to bottom."""

from starlette.middleware import Middleware

from app.api import (
    audit,
    auth,
    batches,
    data_sync,
    docs,
    events,
    failures,
    health,
    jobs,
    metrics,
    queues,
    quota,
    rate_limit,
    schedules,
    sync_batches,
    users,
)
from app.api.methods import by_method
from app.middleware.authentication import Authentication, LoginRequired
from app.middleware.body_limit import BodyLimit
from app.middleware.rate_limit import RateLimit
from app.middleware.request_context import RequestContext

# They are tried in this order: what is asked for most comes first.
ROUTES = (
    by_method("/api/jobs", GET=jobs.list_jobs, POST=jobs.submit_job),
    by_method("/healthz", GET=health.healthz),
    by_method("/readyz", GET=health.readyz),
    by_method("/metrics", GET=metrics.show_metrics),
    by_method("/api/jobs/{id}", GET=jobs.show_job),
    by_method("/api/jobs/{id}/cancel", POST=jobs.cancel_job),
    by_method("/api/jobs/{id}/retry", POST=jobs.retry_job),
    by_method("/api/jobs/{id}/events", GET=events.follow_job),
    by_method("/api/events", GET=events.follow_jobs),
    by_method("/api/failures", GET=failures.list_causes),
    by_method("/api/failures/{fingerprint}/retry", POST=failures.retry_cause),
    by_method("/api/batches", POST=batches.submit_batch),
    by_method("/api/batches/{id}", GET=batches.show_batch),
    by_method("/api/batches/{id}/cancel", POST=batches.cancel_batch),
    by_method("/api/batches/{id}/retry", POST=batches.retry_batch),
    by_method("/api/batches/{id}/events", GET=events.follow_batch),
    by_method("/api/queues", GET=queues.list_queues),
    by_method("/api/queues/{q}/pause", POST=queues.pause_queue),
    by_method("/api/queues/{q}/resume", POST=queues.resume_queue),
    by_method("/api/quota", GET=quota.show_quota),
    by_method("/api/quota/{owner}", PATCH=quota.change_quota),
    by_method("/api/workers", GET=queues.list_workers),
    by_method("/api/auth/login", POST=auth.log_in),
    by_method("/api/auth/logout", POST=auth.log_out),
    by_method("/api/auth/me", GET=auth.show_me),
    by_method("/api/auth/password", POST=auth.change_password),
    by_method("/api/auth/keys", GET=auth.list_keys, POST=auth.create_key),
    by_method("/api/auth/keys/{id}", DELETE=auth.revoke_key),
    by_method("/api/users", GET=users.list_users, POST=users.create_user),
    by_method("/api/users/{id}", PATCH=users.change_user),
    by_method("/api/audit", GET=audit.list_audit),
    by_method("/api/rate-limit/config", GET=rate_limit.show_limits, PUT=rate_limit.change_limits),
    by_method("/api/rate-limit/my-info", GET=rate_limit.show_own_limits),
    by_method("/api/rate-limit/stats", GET=rate_limit.show_statistics, DELETE=rate_limit.clear_statistics),
    by_method("/api/rate-limit/events", GET=rate_limit.list_denials),
    by_method("/api/rate-limit/anomalies", GET=rate_limit.list_anomalies),
    by_method("/api/tasks", GET=jobs.list_tasks),
    by_method("/api/schedules", GET=schedules.list_schedules),
    by_method("/api/schedules/{name}/run", POST=schedules.run_schedule),
    by_method("/api/data-sync/files", POST=data_sync.upload_file),
    by_method("/api/data-sync/files/{id}", GET=data_sync.show_file),
    by_method("/api/data-sync/templates", GET=data_sync.list_templates, POST=data_sync.create_template),
    by_method("/api/data-sync/templates/{id}", GET=data_sync.show_template),
    by_method("/api/data-sync/templates/{id}/publish", POST=data_sync.publish_template),
    by_method("/api/data-sync/single", POST=data_sync.sync_single),
    by_method("/api/data-sync/batch", POST=sync_batches.sync_due),
    by_method("/api/data-sync/batch-by-ids", POST=sync_batches.sync_these),
    by_method("/api/data-sync/batch-all", POST=sync_batches.sync_all),
    by_method("/api/data-sync/progress/{id}", GET=data_sync.show_progress),
    by_method("/docs", GET=docs.show_page),
    by_method("/docs/{file}", GET=docs.show_asset),
    by_method("/openapi.json", GET=docs.show_document),
)

MIDDLEWARE = (
    Middleware(RequestContext),
    Middleware(Authentication),
    Middleware(RateLimit, routes=ROUTES),
    Middleware(LoginRequired),
    Middleware(BodyLimit),
)
