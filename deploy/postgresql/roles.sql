-- Roles and database, once, as a superuser: psql -v owner_password=... -v app_password=... -f roles.sql
--
-- switchyard_owner owns the tables and is for `python -m app migrate` alone. switchyard_app is what web, workers and stewards
-- come as: it reads and writes rows, and can neither drop nor alter nor empty a table.

CREATE ROLE switchyard_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE switchyard_app LOGIN PASSWORD :'app_password';

CREATE DATABASE switchyard OWNER switchyard_owner;
REVOKE ALL ON DATABASE switchyard FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE switchyard TO switchyard_app; -- files are loaded by temporary tables

\connect switchyard

ALTER SCHEMA public OWNER TO switchyard_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO switchyard_app;

-- What migrations will make.
ALTER DEFAULT PRIVILEGES FOR ROLE switchyard_owner IN SCHEMA public
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO switchyard_app;
ALTER DEFAULT PRIVILEGES FOR ROLE switchyard_owner IN SCHEMA public
GRANT USAGE, SELECT ON SEQUENCES TO switchyard_app;
