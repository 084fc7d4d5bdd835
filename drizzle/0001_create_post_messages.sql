-- Updates of chat_heads stay on their page (HOT), since no indexed column changes and half of each page is free.
ALTER TABLE "chat_heads" SET (fillfactor = 50);
--> statement-breakpoint
-- Keys are compared as bytes: no dictionary order is needed to find a retried post.
ALTER TABLE "messages" ALTER COLUMN "post_key" TYPE text COLLATE "C";
--> statement-breakpoint
-- Stores a batch of posts in one statement, and so in one transaction.
--
-- chats: the distinct chat ids of the batch. batch: [{"c":chat_id,"a":author_id,"k":post_key,"t":text}, ...].
-- Answers a JSON array with one array per entry, in no particular order:
--   [position from 1, outcome, seq, id, milliseconds since 1970, members_version]
-- where outcome is 'stored', 'duplicate' (the same key and text, stored before: the first result is returned),
-- 'conflict' (the same key, another text) or 'refused' (no such chat, or its author is no participant).
--
-- It is a function so that it needs no second round trip: in READ COMMITTED each statement of a volatile function
-- takes a new snapshot, hence the second one sees whatever was committed while the first waited for its locks. The
-- locks are taken in the order of the ids, so two batches never deadlock, and are held to the commit, so
-- the order of commits is the order of seq. Sequential scans are off because a plan that was cached while the tables
-- were empty must not survive their growth.
CREATE FUNCTION post_messages(chats bigint[], batch json) RETURNS json
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
DECLARE
  outcomes json;
BEGIN
  PERFORM 1 FROM chat_heads WHERE chat_id = ANY (chats) ORDER BY chat_id FOR NO KEY UPDATE;

  WITH entry AS MATERIALIZED (
    SELECT e.ord, e.c AS chat_id, e.a AS author_id, e.k AS post_key, e.t AS body,
           head.last_seq, head.members_version,
           greatest(head.last_at, date_trunc('milliseconds', clock_timestamp())) AS stored_at,
           prior.seq AS prior_seq, prior.id AS prior_id, prior.body AS prior_body, prior.created_at AS prior_at,
           member.user_id IS NOT NULL AS is_member
    FROM ROWS FROM (json_to_recordset(batch) AS (c bigint, a bigint, k text, t text)) WITH ORDINALITY AS e (c, a, k, t, ord)
    LEFT JOIN LATERAL (
      SELECT h.last_seq, h.last_at, h.members_version FROM chat_heads h WHERE h.chat_id = e.c LIMIT 1
    ) head ON true
    LEFT JOIN LATERAL (
      SELECT p.user_id FROM participants p WHERE p.chat_id = e.c AND p.user_id = e.a LIMIT 1
    ) member ON true
    LEFT JOIN LATERAL (
      SELECT m.seq, m.id, m.body, m.created_at FROM messages m
      WHERE m.chat_id = e.c AND m.author_id = e.a AND m.post_key = e.k LIMIT 1
    ) prior ON true
  ), fresh AS MATERIALIZED (
    SELECT ord, chat_id, author_id, post_key, body, stored_at, members_version,
           last_seq + row_number() OVER (PARTITION BY chat_id ORDER BY ord) AS seq,
           nextval('messages_id_seq') AS id
    FROM entry
    WHERE last_seq IS NOT NULL AND is_member AND prior_seq IS NULL
  ), inserted AS (
    INSERT INTO messages (chat_id, seq, id, author_id, body, post_key, created_at)
    SELECT chat_id, seq, id, author_id, body, post_key, stored_at FROM fresh
  ), advanced AS (
    UPDATE chat_heads h SET last_seq = f.seq, last_at = f.stored_at
    FROM (SELECT chat_id, max(seq) AS seq, max(stored_at) AS stored_at FROM fresh GROUP BY chat_id) f
    WHERE h.chat_id = f.chat_id
  ), outcome AS (
    SELECT ord, 'stored' AS outcome, seq, id, stored_at AS at, members_version FROM fresh
    UNION ALL
    SELECT ord,
           CASE WHEN last_seq IS NULL OR NOT is_member THEN 'refused'
                WHEN prior_body = body THEN 'duplicate'
                ELSE 'conflict' END,
           prior_seq, prior_id, prior_at, members_version
    FROM entry
    WHERE last_seq IS NULL OR NOT is_member OR prior_seq IS NOT NULL
  )
  SELECT json_agg(json_build_array(ord, outcome, seq, id, round(extract(epoch FROM at) * 1000), members_version))
  INTO outcomes
  FROM outcome;

  RETURN outcomes;
END
$$;
