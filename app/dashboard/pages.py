"""Which page is at which path, and which endpoints of the API it shows: a literal table, read top to bottom."""

from typing import Final

from starlette.routing import Route

from app.api import (
    alerts,
    audit,
    auth,
    batches,
    cache,
    component_versions,
    data_sync,
    failures,
    jobs,
    previews,
    processing,
    quality,
    quarantine,
    queues,
    quota,
    rate_limit,
    schedules,
    shelf,
    shops,
    users,
)
from app.api.methods import by_method
from app.dashboard import assets
from app.dashboard.login import LOGIN, LOGOUT, log_in, log_out, show_login
from app.dashboard.page import Page
from app.dashboard.read import Read

PAGES: Final = (
    Page(
        path="/",
        title="Overview",
        section="overview",
        template="overview.html",
        reads={
            "queues": Read(endpoint=queues.list_queues, may_lack=True),
            "workers": Read(endpoint=queues.list_workers, may_lack=True),
            "running": Read(endpoint=jobs.list_jobs, query={"state": "running", "limit": "10"}, may_lack=True),
            "causes": Read(endpoint=failures.list_causes, query={"limit": "5"}, may_lack=True),
        },
    ),
    Page(
        path="/jobs",
        title="Jobs",
        section="jobs",
        template="jobs.html",
        reads={
            "jobs": Read(endpoint=jobs.list_jobs, passes=True),
            "tasks": Read(endpoint=jobs.list_tasks),
        },
    ),
    Page(
        path="/jobs/new",
        title="New job",
        section="jobs",
        template="new_job.html",
        reads={"tasks": Read(endpoint=jobs.list_tasks)},
    ),
    Page(
        path="/jobs/{id}",
        title="Job",
        section="jobs",
        template="job.html",
        reads={"job": Read(endpoint=jobs.show_job)},
    ),
    Page(
        path="/queues",
        title="Queues",
        section="queues",
        template="queues.html",
        reads={"queues": Read(endpoint=queues.list_queues)},
    ),
    Page(
        path="/failures",
        title="Failures",
        section="failures",
        template="failures.html",
        reads={"causes": Read(endpoint=failures.list_causes, passes=True)},
    ),
    Page(
        path="/batches",
        title="Batches",
        section="batches",
        template="batches.html",
        reads={"batches": Read(endpoint=batches.list_batches, query={"limit": "20"}, passes=True)},
    ),
    Page(
        path="/batches/{id}",
        title="Batch",
        section="batches",
        template="batch.html",
        reads={"batch": Read(endpoint=batches.show_batch)},
    ),
    Page(
        path="/workers",
        title="Workers",
        section="workers",
        template="workers.html",
        reads={"workers": Read(endpoint=queues.list_workers)},
    ),
    Page(
        path="/schedules",
        title="Schedules",
        section="schedules",
        template="schedules.html",
        reads={"schedules": Read(endpoint=schedules.list_schedules)},
    ),
    Page(
        path="/files",
        title="Files",
        section="data",
        template="files.html",
        reads={"files": Read(endpoint=shelf.list_files, passes=True)},
    ),
    Page(
        path="/files/{id}",
        title="File",
        section="data",
        template="file.html",
        reads={
            "file": Read(endpoint=data_sync.show_file),
            "quality": Read(endpoint=quality.show_quality, may_lack=True),
            "quarantine": Read(endpoint=quarantine.list_quarantine, passes=True),
            "profile": Read(endpoint=processing.show_profile, may_lack=True),
        },
    ),
    Page(
        path="/files/{id}/preview",
        title="Preview",
        section="data",
        template="preview.html",
        reads={
            "file": Read(endpoint=data_sync.show_file),
            "preview": Read(endpoint=previews.preview_file),
        },
    ),
    Page(
        path="/syncs",
        title="Syncs",
        section="data",
        template="syncs.html",
        reads={"syncs": Read(endpoint=shelf.list_syncs, passes=True)},
    ),
    Page(
        path="/syncs/{id}",
        title="Sync",
        section="data",
        template="sync.html",
        reads={
            "sync": Read(endpoint=data_sync.show_progress),
            "batch": Read(endpoint=batches.show_batch, may_lack=True),
        },
    ),
    Page(
        path="/sources",
        title="Sources",
        section="data",
        template="sources.html",
        reads={"governance": Read(endpoint=shelf.show_governance)},
    ),
    Page(
        path="/templates",
        title="Templates",
        section="data",
        template="templates.html",
        reads={"templates": Read(endpoint=data_sync.list_templates, passes=True)},
    ),
    Page(
        path="/templates/{id}",
        title="Template",
        section="data",
        template="template.html",
        reads={"template": Read(endpoint=data_sync.show_template)},
    ),
    Page(
        path="/pictures",
        title="Pictures",
        section="data",
        template="pictures.html",
        reads={"images": Read(endpoint=processing.list_images, query={"limit": "24"}, passes=True)},  # each a request
    ),
    Page(
        path="/alerts",
        title="Alerts",
        section="data",
        template="alerts.html",
        reads={"alerts": Read(endpoint=alerts.list_alerts, passes=True)},
    ),
    Page(
        path="/shops",
        title="Shops",
        section="data",
        template="shops.html",
        reads={"shops": Read(endpoint=shops.list_shops, passes=True)},
    ),
    Page(
        path="/component-versions",
        title="Component versions",
        section="data",
        template="component_versions.html",
        reads={"versions": Read(endpoint=component_versions.list_component_versions, passes=True)},
    ),
    Page(
        path="/cache",
        title="Cache",
        section="data",
        template="cache.html",
        reads={"cache": Read(endpoint=cache.show_cache_statistics)},
    ),
    Page(
        path="/limits",
        title="Rate limits",
        section="limits",
        template="limits.html",
        reads={
            "config": Read(endpoint=rate_limit.show_limits),
            "stats": Read(endpoint=rate_limit.show_statistics, query={"minutes": "10"}, may_lack=True),
            "denials": Read(endpoint=rate_limit.list_denials, query={"limit": "20"}, may_lack=True),
            "anomalies": Read(endpoint=rate_limit.list_anomalies, may_lack=True),
        },
        for_admins=True,
    ),
    Page(
        path="/users",
        title="Users",
        section="users",
        template="users.html",
        reads={"users": Read(endpoint=users.list_users, passes=True)},
        for_admins=True,
    ),
    Page(
        path="/quota",
        title="Quota",
        section="users",
        template="quota.html",
        reads={"quota": Read(endpoint=quota.show_quota, passes=True)},
        for_admins=True,
    ),
    Page(
        path="/audit",
        title="Audit",
        section="audit",
        template="audit.html",
        reads={"audit": Read(endpoint=audit.list_audit, passes=True)},
        for_admins=True,
    ),
    Page(
        path="/account",
        title="Your account",
        section="account",
        template="account.html",
        reads={
            "me": Read(endpoint=auth.show_me),
            "keys": Read(endpoint=auth.list_keys),
            "quota": Read(endpoint=quota.show_quota, may_lack=True),
            "own": Read(endpoint=rate_limit.show_own_limits, may_lack=True),
        },
    ),
)

# Whoever asks for these is led to the login where nobody knows him; what he asks for is charged to him.
PAGE_ROUTES: Final[tuple[Route, ...]] = tuple(by_method(page.path, GET=page.show) for page in PAGES)

# These, and the way out of them.
OWN_ROUTES: Final[tuple[Route, ...]] = (*PAGE_ROUTES, by_method(LOGOUT, POST=log_out))

# What is for who is not known yet: the way in, and files that cost nothing.
OPEN_ROUTES: Final[tuple[Route, ...]] = (
    by_method(LOGIN, GET=show_login, POST=log_in),
    by_method(assets.PATH, GET=assets.show_asset),
)
