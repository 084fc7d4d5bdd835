-- The index of search (see docs/design/decisions/2026-11-29-search-index.md). It follows the logs of chats from behind: nothing is
-- written here by a post.

-- The messages that can be found. Each word has the key of its block before it: the chat, and the seqs within it.
CREATE TABLE "search_entries" (
	"chat_id" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"author_id" bigint NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"words" tsvector NOT NULL,
	CONSTRAINT "search_entries_chat_id_seq_pk" PRIMARY KEY("chat_id","seq")
);
--> statement-breakpoint
-- Without a pending list: each of the hundreds of look-ups of one search would read all of it.
CREATE INDEX "search_entries_words" ON "search_entries" USING gin ("words") WITH (fastupdate = off);
--> statement-breakpoint
-- The blocks of chats, and the times that they reach from and to.
CREATE TABLE "search_blocks" (
	"chat_id" bigint NOT NULL,
	"block" integer NOT NULL,
	"first_at" timestamp (3) with time zone NOT NULL,
	"last_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "search_blocks_chat_id_block_pk" PRIMARY KEY("chat_id","block")
);
--> statement-breakpoint
-- Has those who index the messages of a chat, and those who delete some, wait for each other.
CREATE FUNCTION lock_search(chat bigint) RETURNS void
LANGUAGE sql VOLATILE
AS $$
  SELECT pg_advisory_xact_lock(hashtextextended('confab search ' || chat, 0))
$$;
--> statement-breakpoint
-- What is deleted or erased is not in the index when that is committed. A job that has read the text before has
-- committed its entry, too, once the lock is there.
CREATE FUNCTION forget_search_entry() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM lock_search(NEW.chat_id);
  DELETE FROM search_entries e WHERE e.chat_id = NEW.chat_id AND e.seq = NEW.seq;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER messages_forget_search AFTER UPDATE OF deleted_at ON messages
FOR EACH ROW WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION forget_search_entry();
