-- The two roles of the service's own store. They are the cluster's, not a database's,
-- so they stand outside the numbered migrations. Running this again is harmless. It
-- takes a superuser, or a role with CREATEROLE.
--
-- fieldkms_owner owns the schema and is nobody's login: `fieldkms store migrate` acts
-- as it. fieldkms_service is a group with the privileges of the daemon, and no more:
--
--   CREATE ROLE fieldkms_login LOGIN; GRANT fieldkms_service TO fieldkms_login;
DO $roles$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'fieldkms_owner') THEN
    CREATE ROLE fieldkms_owner NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'fieldkms_service') THEN
    CREATE ROLE fieldkms_service NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
  END IF;
END
$roles$;
