-- Imports, each with how far it is: "records" of its file are stored, and "digest" is the digest of these, so that a file
-- that has changed since is noticed. "chat_id" is the number of the chat of which a part is stored; it has a head and no
-- row in "chats" until all of it is there, so that nobody sees it.
CREATE TABLE "imports" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"records" bigint DEFAULT 0 NOT NULL,
	"digest" text DEFAULT '' NOT NULL,
	"chat_id" bigint,
	"started_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp (3) with time zone
);
