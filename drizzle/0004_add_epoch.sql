CREATE TABLE "epochs" (
	"id" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"counter" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "epochs_single" CHECK ("epochs"."id" = 1)
);

--> statement-breakpoint
INSERT INTO "epochs" DEFAULT VALUES;
--> statement-breakpoint
-- Names the history that this database goes on with: system identifier, timeline, and the operator's counter. The timeline
-- is taken from the position of the write-ahead log, since the control file learns of a new one only at the next
-- checkpoint. A hosted Postgres that tells neither leaves the counter. A standby has no such position and raises its error
-- (55000), which must not be caught: to name another history for a moment would send every client back to the start.
CREATE FUNCTION current_history() RETURNS text
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  system text := '';
  timeline text := '';
BEGIN
  BEGIN
    SELECT system_identifier::text INTO system FROM pg_control_system();
  EXCEPTION WHEN insufficient_privilege OR undefined_function OR feature_not_supported THEN
    system := '';
  END;
  BEGIN
    timeline := left(pg_walfile_name(pg_current_wal_lsn()), 8);
  EXCEPTION WHEN insufficient_privilege OR undefined_function OR feature_not_supported THEN
    timeline := '';
  END;
  RETURN concat_ws(' ', system, timeline, (SELECT "counter" FROM "epochs"));
END
$$;
