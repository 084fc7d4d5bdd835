-- Ids that applications had chosen for chats that are gone: they are not given out again.
CREATE TABLE "deleted_chat_ids" (
	"public_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"deleted_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
-- Triggers, so that the chats that other releases delete and make obey it, too.
CREATE FUNCTION keep_chat_id() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  INSERT INTO deleted_chat_ids (public_id) VALUES (OLD.public_id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER chats_keep_their_ids AFTER DELETE ON "chats"
FOR EACH ROW WHEN (OLD.public_id IS NOT NULL) EXECUTE FUNCTION keep_chat_id();
--> statement-breakpoint
-- No row is inserted, as when another chat has the id.
CREATE FUNCTION refuse_deleted_chat_id() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RETURN CASE WHEN NOT EXISTS (SELECT FROM deleted_chat_ids d WHERE d.public_id = NEW.public_id) THEN NEW END;
END
$$;
--> statement-breakpoint
CREATE TRIGGER chats_with_new_ids BEFORE INSERT ON "chats"
FOR EACH ROW WHEN (NEW.public_id IS NOT NULL) EXECUTE FUNCTION refuse_deleted_chat_id();
