CREATE TABLE "chat_events" (
	"chat_id" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"kind" text NOT NULL,
	"actor_id" bigint,
	"target_seq" bigint,
	"data" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"event_key" text,
	CONSTRAINT "chat_events_chat_id_seq_pk" PRIMARY KEY("chat_id","seq")
);
--> statement-breakpoint
CREATE TABLE "features" (
	"name" text PRIMARY KEY NOT NULL,
	"since" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "user_chats" (
	"user_id" bigint PRIMARY KEY NOT NULL,
	"version" bigint DEFAULT 1 NOT NULL
);
--> statement-breakpoint
ALTER TABLE "chats" ADD COLUMN "type" text DEFAULT 'direct' NOT NULL;--> statement-breakpoint
ALTER TABLE "chats" ADD COLUMN "name" text;--> statement-breakpoint
ALTER TABLE "chats" ADD COLUMN "created_by" bigint;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "edited_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "deleted_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "version" integer;--> statement-breakpoint
ALTER TABLE "participants" ADD COLUMN "role" text DEFAULT 'member' NOT NULL;--> statement-breakpoint
ALTER TABLE "participants" ADD COLUMN "archived_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "participants" ADD COLUMN "added_by" bigint;--> statement-breakpoint
CREATE UNIQUE INDEX "chat_events_key" ON "chat_events" USING btree ("chat_id","actor_id","event_key") WHERE "chat_events"."event_key" is not null;
--> statement-breakpoint
ALTER TABLE "chat_events" ALTER COLUMN "event_key" TYPE text COLLATE "C";
--> statement-breakpoint
-- Counts the changes of each user's list of chats, whichever release makes them. The users of a statement are counted in
-- the order of their ids, so that two transactions never wait for each other.
CREATE FUNCTION count_user_chats() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  INSERT INTO user_chats (user_id) SELECT DISTINCT user_id FROM changed ORDER BY user_id
  ON CONFLICT (user_id) DO UPDATE SET version = user_chats.version + 1;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER participants_added AFTER INSERT ON "participants"
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_user_chats();
--> statement-breakpoint
CREATE TRIGGER participants_removed AFTER DELETE ON "participants"
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_user_chats();
--> statement-breakpoint
-- Where nobody has registered yet, no replica of an older release has anything to serve.
INSERT INTO "features" ("name") SELECT 'events' WHERE NOT EXISTS (SELECT FROM "users");
