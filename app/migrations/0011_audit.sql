-- owner: jobs
-- Who did what: an entry for each deed that has changed something, written in the deed's own transaction. Entries are
-- only added. What is old is dropped by `prune_audit` alone, where JOBS_AUDIT_DAYS says so.

CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    action text NOT NULL,
    object_type text NOT NULL GENERATED ALWAYS AS (split_part(action, '.', 1)) STORED,
    object_id text NOT NULL,
    outcome text NOT NULL,
    request_id text,
    address text,
    details jsonb NOT NULL
);

-- Newest first, of all or of one of these. Deeds are few beside jobs: the indexes cost nothing that counts.
CREATE INDEX audit_at ON audit (at, id);
CREATE INDEX audit_actor ON audit (actor, at, id);
CREATE INDEX audit_action ON audit (action, at, id);
CREATE INDEX audit_object ON audit (object_id, at, id);

CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op = 'DELETE' AND current_setting('switchyard.prunes_audit', true) = 'yes' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the audit log is only added to'
    USING ERRCODE = 'insufficient_privilege', HINT = 'JOBS_AUDIT_DAYS says when old entries are dropped';
END $$;

CREATE TRIGGER audit_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION keep_audit();

-- It holds for the table's owner and for superusers too, and in a session that plays back a replica's changes.
ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_is_kept;

-- Drops entries older than so many days, the oldest first, `most` of them at once; gives how many. Never the last day's.
CREATE FUNCTION prune_audit(days integer, most integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    dropped bigint;
BEGIN
    PERFORM set_config('switchyard.prunes_audit', 'yes', true);
    DELETE FROM audit WHERE id IN (
        SELECT id FROM audit
        WHERE at < now() - make_interval(days => greatest(prune_audit.days, 1))
        ORDER BY at, id
        LIMIT most
        FOR UPDATE SKIP LOCKED
    );
    GET DIAGNOSTICS dropped = ROW_COUNT;
    PERFORM set_config('switchyard.prunes_audit', '', true);
    RETURN dropped;
END $$;
