CREATE TABLE "installations" (
	"id" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"installation_id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"kept_for" text,
	CONSTRAINT "installations_single" CHECK ("installations"."id" = 1)
);

--> statement-breakpoint
INSERT INTO "installations" DEFAULT VALUES;
--> statement-breakpoint
-- Names the installation, and the history of its database. Into the history go, beside the id and what current_history()
-- knows of the server: the database, since several share a server; and what a restored dump cannot bring along, which is
-- who wrote the row of the id (xmin, which neither VACUUM nor its FULL form changes) and the identity of the tables. A
-- backup of files brings all of that along; recovering it begins another timeline. `known_as` is the history by the name
-- that clients know.
CREATE FUNCTION current_installation(OUT installation_id uuid, OUT history text, OUT known_as text)
LANGUAGE sql STABLE
AS $$
  SELECT described.installation_id, described.history,
         CASE WHEN described.kept_for = described.history THEN described.former ELSE described.history END
  FROM (
    SELECT i.installation_id, i.kept_for, server.former,
           concat_ws(' ', i.installation_id, d.oid, i.tableoid, i.xmin, to_regclass('chat_heads')::oid,
                     to_regclass('messages')::oid, server.former) AS history
    FROM installations i, pg_database d, current_history() AS server (former)
    WHERE d.datname = current_database()
  ) described
$$;
--> statement-breakpoint
-- Clients of 0.1 know the history as current_history(), and go on unless a dump was restored since the tables were made:
-- then the row of the counter was written after its table was created, or together with the chats.
UPDATE "installations" SET "kept_for" = (SELECT "history" FROM current_installation())
WHERE EXISTS (SELECT FROM "chats") AND EXISTS (
  SELECT FROM "epochs" e
  JOIN pg_attribute a ON a.attrelid = e.tableoid AND a.attname = 'counter' AND a.xmin = e.xmin
  WHERE NOT EXISTS (SELECT FROM "chats" c WHERE c.xmin = e.xmin)
);
