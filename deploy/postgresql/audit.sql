-- What no default says, once after the first migration, as switchyard_owner: psql postgresql://switchyard_owner@... -f audit.sql
--
-- The audit log is only added to. Old entries go by prune_audit, never the last day's; which migrations there are is only
-- read by those who do not migrate.

REVOKE UPDATE, DELETE ON audit FROM switchyard_app;
ALTER FUNCTION prune_audit(integer, integer) SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;
REVOKE ALL ON FUNCTION prune_audit(integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION prune_audit(integer, integer) TO switchyard_app;
REVOKE INSERT, UPDATE, DELETE ON schema_migrations FROM switchyard_app;
