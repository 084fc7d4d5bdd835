-- Whom users have blocked.
CREATE TABLE "blocks" (
	"user_id" bigint NOT NULL,
	"blocked_id" bigint NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "blocks_user_id_blocked_id_pk" PRIMARY KEY("user_id","blocked_id")
);
--> statement-breakpoint
CREATE INDEX "blocks_blocked" ON "blocks" USING btree ("blocked_id");
--> statement-breakpoint
-- Nobody may post in the direct chat of two of whom one has blocked the other. It is kept with the head of the chat, so
-- that posts read nothing for it; an update of "post_roles", with any value, brings it up to date. Its name puts this
-- trigger behind others of "post_roles".
CREATE FUNCTION keep_blocked_pairs_silent() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF EXISTS (
    SELECT FROM chats c JOIN blocks b
      ON (b.user_id = c.user_low AND b.blocked_id = c.user_high) OR (b.user_id = c.user_high AND b.blocked_id = c.user_low)
    WHERE c.id = NEW.chat_id AND c.type = 'direct'
  ) THEN
    NEW.post_roles := '{}';
  END IF;
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER chat_heads_without_blocked_posts BEFORE UPDATE OF "post_roles" ON "chat_heads"
FOR EACH ROW EXECUTE FUNCTION keep_blocked_pairs_silent();
--> statement-breakpoint
-- As in 0015, and in the direct chat of such a pair all but deleting is 'denied'.
CREATE OR REPLACE FUNCTION chat_refusal(chat bigint, member_role text, permission text) RETURNS text
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  kind text;
  frozen timestamptz;
BEGIN
  IF member_role IS NULL THEN
    RETURN NULL;
  END IF;
  SELECT c.type, c.frozen_at INTO kind, frozen FROM chats c WHERE c.id = chat;
  RETURN CASE
    WHEN NOT chat_permits(kind, member_role, permission) THEN 'denied'
    WHEN frozen IS NOT NULL AND NOT chat_permits(kind, member_role, 'moderate') THEN 'frozen'
    WHEN kind = 'direct' AND permission NOT IN ('delete_own', 'delete_any')
      AND (SELECT h.post_roles FROM chat_heads h WHERE h.chat_id = chat) = '{}' THEN 'denied'
  END;
END
$$;
