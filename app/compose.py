"""Puts the parts of a web process together: what endpoints are handed, made of settings and open connections."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from redis.asyncio import Redis

from app.accounts import Accounts
from app.addresses import Origins
from app.admin_key import AdminKey
from app.attempts import Attempts
from app.auth import Authenticator, MetricsToken
from app.live_limits import LiveLimits
from app.login import Logins
from app.passwords import Passwords
from app.rate_limits import RateLimits
from app.readiness import Readiness
from app.recorder import Account, Recorder
from app.settings import Settings
from app.state import Deps
from app.stores.attempts import AttemptStore
from app.stores.credentials import CredentialStore
from app.stores.limits import LimitsStore
from app.stores.rate_statistics import RateStatistics
from app.stores.traffic import TrafficStore
from app.stores.users import UserStore
from app.traffic import Traffic
from jobs.admit import Admitter, Limits
from jobs.batch_once import IdempotentBatches
from jobs.batch_submit import BatchSubmitter
from jobs.batches import Batches
from jobs.browse import JobBrowser
from jobs.cache.cache import Cache
from jobs.cancel import Canceller
from jobs.failures import Failures
from jobs.find import JobFinder
from jobs.idempotency import IdempotentSubmitter
from jobs.live import Live
from jobs.loop_lag import LoopLag
from jobs.once import Once
from jobs.overview import Overview
from jobs.owners import Owners
from jobs.pause import Pauses
from jobs.planned import Planned
from jobs.quotas import Quotas
from jobs.registry import TaskTable
from jobs.stores.arrears import ArrearsStore
from jobs.stores.audit import AuditLog
from jobs.stores.batches import BatchStore
from jobs.stores.bulk import Bulk
from jobs.stores.database import Database
from jobs.stores.failures import FailureStore
from jobs.stores.fitness import Fitness
from jobs.stores.jobs import JobStore
from jobs.stores.keyring import Keyring
from jobs.stores.listing import Listing
from jobs.stores.memory import Memory
from jobs.stores.pauses import PauseStore
from jobs.stores.places import Places
from jobs.stores.pools import redis_use
from jobs.stores.presence import Presence
from jobs.stores.queue import Queue
from jobs.stores.quotas import QuotaStore
from jobs.stores.schedules import ScheduleStore
from jobs.stores.signals import Signals
from jobs.stores.statistics import Statistics
from jobs.stores.tail import Backlog, Tail
from jobs.submit import Submitter
from jobs.tasks.data_processing.media import Media
from jobs.tasks.data_processing.service import DataProcessing
from jobs.tasks.data_sync.batch_progress import BatchProgress
from jobs.tasks.data_sync.catalogue import Catalogue
from jobs.tasks.data_sync.component_versions import ComponentVersions
from jobs.tasks.data_sync.inbox import Inbox
from jobs.tasks.data_sync.many import ManyFiles
from jobs.tasks.data_sync.previewing import Previews
from jobs.tasks.data_sync.service import DataSync
from jobs.tasks.data_sync.shelf import Shelf
from jobs.tasks.data_sync.shops import Shops
from jobs.tasks.data_sync.templates import TemplateStore
from jobs.tasks.data_sync.uploads import Uploads
from jobs.tasks.scheduled.service import Upkeep
from jobs.timetable import Timetable
from jobs.wait import EndWaiter
from ratelimit.ledger import Ledger
from ratelimit.limiter import Limiter
from ratelimit.stand_in import WhenAway
from ratelimit.storage.memory import TokenBucketMemoryStorage
from ratelimit.storage.redis import TokenBucketRedisStorage

_METRICS_PATIENCE_S = 2.0

# A request must not wait long for Redis: what Redis does not take now is put in line later.
REDIS_PATIENCE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What a web process opens and closes. Of connections `tailing` waits for events, `limiting` for nothing."""

    database: Database
    redis: Redis
    tailing: Redis
    limiting: Redis
    cache: Cache
    passwords: Passwords


def compose(settings: Settings, tasks: TaskTable, timetable: Timetable, doors: Doors) -> Deps:
    """Make all parts. They connect when they are used."""
    database, redis = doors.database, doors.redis
    jobs = JobStore(database)
    queue = Queue(redis, patience_s=REDIS_PATIENCE_S, step_ms=settings.jobs.step_ms)
    finder = JobFinder(jobs=jobs, queue=queue)
    quota_store = QuotaStore(database, redis, tiers=settings.jobs.quotas, patience_s=REDIS_PATIENCE_S)
    quotas = Quotas(quota_store, database=database)
    limits = Limits(
        quotas=quota_store,
        max_events=settings.jobs.stream_max,
        patience_s=settings.app.patience_s,
    )
    turn_s = settings.jobs.turn_ms / 1000
    submitter = Submitter(tasks=tasks, database=database, jobs=jobs, queue=queue, turn_s=turn_s, limits=limits)
    admitter = Admitter(jobs=jobs, queue=queue, limits=limits)
    batches = BatchStore(database)
    batch_submitter = BatchSubmitter(
        tasks=tasks,
        database=database,
        batches=batches,
        queue=queue,
        bulk=Bulk(queue, typical_s=partial(tasks.typical_s, otherwise=turn_s)),
        admitter=admitter,
    )
    planned = Planned(timetable, store=ScheduleStore(database), submitter=submitter, finder=finder)
    uploads = Uploads(settings.jobs.data_dir)
    keyring = Keyring(redis, patience_s=REDIS_PATIENCE_S)
    once = Once(jobs=jobs, keyring=keyring, patience_s=settings.app.patience_s)
    waiter = EndWaiter(finder=finder, signals=Signals(redis))
    tail = Tail(doors.tailing)
    ledger, limits_store, rate_statistics = Ledger(), LimitsStore(database, redis), RateStatistics(redis)
    traffic, traffic_store = Traffic(), TrafficStore(redis)
    live_limits = LiveLimits(limits_store, given=settings.rate_limits.document())
    limiter = Limiter(
        TokenBucketRedisStorage(
            "async+redis+bucket://",
            connection_pool=doors.limiting.connection_pool,
            patience_s=settings.rate_limits.patience_s,
        ),
        TokenBucketMemoryStorage(),
        deadline_s=settings.rate_limits.deadline_s,
        when_away={policy: WhenAway(word) for policy, word in settings.rate_limits.words_when_away().items()},
    )
    presence, fitness = Presence(redis), Fitness(redis)
    upkeep = Upkeep(database, timetable=timetable, planned=planned)
    users, credentials = UserStore(database, quotas=quotas), CredentialStore(database)
    admin_key = AdminKey(settings.app.admin_api_key.get_secret_value())
    authenticator = Authenticator(credentials, admin_key=admin_key)
    return Deps(
        tasks=tasks,
        database=database,
        queue=queue,
        fitness=fitness,
        submitter=submitter,
        once=once,
        idempotent=IdempotentSubmitter(submitter=submitter, finder=finder, once=once),
        batch_submitter=batch_submitter,
        idempotent_batches=IdempotentBatches(submitter=batch_submitter, batches=batches, once=once),
        batches=Batches(batches=batches, queue=queue, admitter=admitter, submitter=submitter),
        finder=finder,
        browser=JobBrowser(listing=Listing(database), finder=finder),
        failures=Failures(store=FailureStore(database), submitter=submitter),
        waiter=waiter,
        live=Live(tail=tail, backlog=Backlog(redis), owners=Owners(jobs=jobs, tail=tail)),
        canceller=Canceller(database=database, jobs=jobs, queue=queue, waiter=waiter),
        data_sync=DataSync(database=database, finder=finder, submitter=submitter, uploads=uploads),
        shelf=Shelf(database),
        previews=Previews(TemplateStore(database), uploads),
        inbox=Inbox(settings.jobs.data_dir, uploads=uploads, catalogue=Catalogue(database)),
        shops=Shops(database, doors.cache),
        component_versions=ComponentVersions(database, doors.cache),
        cache=doors.cache,
        data_processing=DataProcessing(database=database, submitter=submitter, media=Media(settings.jobs.media_folder)),
        many_files=ManyFiles(database=database, finder=finder, submitter=batch_submitter),
        batch_progress=BatchProgress(database=database, batches=batches),
        authenticator=authenticator,
        accounts=Accounts(users=users, credentials=credentials, passwords=doors.passwords, authenticator=authenticator),
        logins=Logins(
            users=users,
            credentials=credentials,
            passwords=doors.passwords,
            attempts=Attempts(AttemptStore(redis)),
            admin_key=admin_key,
            lasts=timedelta(hours=settings.app.session_hours),
        ),
        overview=Overview(
            places=Places(redis, patience_s=REDIS_PATIENCE_S),
            presence=presence,
            statistics=Statistics(redis, queues=tasks.queues, patience_s=_METRICS_PATIENCE_S),
            queues=tasks.queues,
        ),
        arrears=ArrearsStore(database),
        memory=Memory(redis),
        loop_lag=LoopLag(),
        pools={
            "postgresql": database.use,
            "redis": partial(redis_use, (redis, doors.tailing, doors.limiting, doors.cache.redis)),
        },
        audit=AuditLog(database),
        pauses=Pauses(PauseStore(database, redis)),
        quotas=quotas,
        planned=planned,
        upkeep=upkeep,
        readiness=Readiness(
            database=database,
            fitness=fitness,
            presence=presence,
            upkeep=upkeep,
            limiter=limiter,
            queues=tasks.queues,
        ),
        metrics_token=MetricsToken(settings.app.metrics_token),
        origins=Origins(settings.app.trusted_proxies, header=settings.app.forwarded_header),
        limiter=limiter,
        rate_limits=RateLimits(limiter, live_limits, ledger, draft_headers=settings.rate_limits.draft_headers),
        live_limits=live_limits,
        limits_store=limits_store,
        rate_statistics=rate_statistics,
        traffic=traffic,
        traffic_store=traffic_store,
        recorder=Recorder(
            Account(name="rate_statistics", book=ledger, shelf=rate_statistics),
            Account(name="traffic", book=traffic, shelf=traffic_store),
        ),
    )
