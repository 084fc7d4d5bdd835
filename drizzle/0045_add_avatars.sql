-- Pictures of users and of chats. One belongs to a user or to a chat, and is complete from the moment at which it is the
-- avatar of its owner; one that never becomes it is deleted after a while.
CREATE TABLE "avatars" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"user_id" bigint,
	"chat_id" bigint,
	"content_type" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"completed_at" timestamp (3) with time zone,
	CONSTRAINT "avatars_owner" CHECK (num_nonnulls("avatars"."user_id", "avatars"."chat_id") = 1)
);
--> statement-breakpoint
CREATE INDEX "avatars_user" ON "avatars" USING btree ("user_id") WHERE "avatars"."user_id" is not null;--> statement-breakpoint
CREATE INDEX "avatars_chat" ON "avatars" USING btree ("chat_id") WHERE "avatars"."chat_id" is not null;--> statement-breakpoint
CREATE INDEX "avatars_incomplete" ON "avatars" USING btree ("created_at") WHERE "avatars"."completed_at" is null;
--> statement-breakpoint
-- Their contents are deleted like those of files.
CREATE TRIGGER avatars_removed AFTER DELETE ON "avatars" FOR EACH ROW EXECUTE FUNCTION note_file_removal();
--> statement-breakpoint
-- The id of the picture that a URL names, if it is one of an installation of ours.
CREATE FUNCTION avatar_id(url text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT substring(url from '/v1/avatars/([0-9a-f]{32})$') $$;
--> statement-breakpoint
-- Triggers, so that a picture goes with whatever replaces it: another one, another URL, also by an earlier release.
CREATE FUNCTION keep_avatar_of_user() RETURNS trigger
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
  shown text := avatar_id(NEW.avatar);
BEGIN
  UPDATE avatars a SET completed_at = now() WHERE a.id = shown AND a.user_id = NEW.user_id AND a.completed_at IS NULL;
  DELETE FROM avatars a WHERE a.user_id = NEW.user_id AND a.completed_at IS NOT NULL AND a.id IS DISTINCT FROM shown;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE FUNCTION remove_avatars_of_user() RETURNS trigger
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
BEGIN
  DELETE FROM avatars a WHERE a.user_id = OLD.user_id;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE FUNCTION keep_avatar_of_chat() RETURNS trigger
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
  shown text := avatar_id(NEW.avatar);
BEGIN
  UPDATE avatars a SET completed_at = now() WHERE a.id = shown AND a.chat_id = NEW.id AND a.completed_at IS NULL;
  DELETE FROM avatars a WHERE a.chat_id = NEW.id AND a.completed_at IS NOT NULL AND a.id IS DISTINCT FROM shown;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE FUNCTION remove_avatars_of_chat() RETURNS trigger
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
BEGIN
  DELETE FROM avatars a WHERE a.chat_id = OLD.id;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER account_profiles_keep_first_avatar AFTER INSERT ON "account_profiles"
FOR EACH ROW WHEN (NEW.avatar IS NOT NULL) EXECUTE FUNCTION keep_avatar_of_user();
--> statement-breakpoint
CREATE TRIGGER account_profiles_keep_avatar AFTER UPDATE OF avatar ON "account_profiles"
FOR EACH ROW WHEN (OLD.avatar IS DISTINCT FROM NEW.avatar) EXECUTE FUNCTION keep_avatar_of_user();
--> statement-breakpoint
CREATE TRIGGER account_profiles_removed_with_avatars AFTER DELETE ON "account_profiles"
FOR EACH ROW EXECUTE FUNCTION remove_avatars_of_user();
--> statement-breakpoint
CREATE TRIGGER application_users_keep_avatar AFTER UPDATE OF avatar ON "application_users"
FOR EACH ROW WHEN (OLD.avatar IS DISTINCT FROM NEW.avatar) EXECUTE FUNCTION keep_avatar_of_user();
--> statement-breakpoint
CREATE TRIGGER application_users_removed_with_avatars AFTER DELETE ON "application_users"
FOR EACH ROW EXECUTE FUNCTION remove_avatars_of_user();
--> statement-breakpoint
CREATE TRIGGER chats_keep_avatar AFTER UPDATE OF avatar ON "chats"
FOR EACH ROW WHEN (OLD.avatar IS DISTINCT FROM NEW.avatar) EXECUTE FUNCTION keep_avatar_of_chat();
--> statement-breakpoint
CREATE TRIGGER chats_removed_with_avatars AFTER DELETE ON "chats"
FOR EACH ROW EXECUTE FUNCTION remove_avatars_of_chat();
