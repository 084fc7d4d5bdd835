-- As in 0001, and the message of a repeated key counts as the same when it was edited or deleted since: its first text is
-- not known any more.
CREATE OR REPLACE FUNCTION post_messages(chats bigint[], batch json) RETURNS json
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
           prior.seq AS prior_seq, prior.id AS prior_id, prior.body AS prior_body, prior.version AS prior_version,
           prior.created_at AS prior_at,
           member.user_id IS NOT NULL AS is_member
    FROM ROWS FROM (json_to_recordset(batch) AS (c bigint, a bigint, k text, t text)) WITH ORDINALITY AS e (c, a, k, t, ord)
    LEFT JOIN LATERAL (
      SELECT h.last_seq, h.last_at, h.members_version FROM chat_heads h WHERE h.chat_id = e.c LIMIT 1
    ) head ON true
    LEFT JOIN LATERAL (
      SELECT p.user_id FROM participants p WHERE p.chat_id = e.c AND p.user_id = e.a LIMIT 1
    ) member ON true
    LEFT JOIN LATERAL (
      SELECT m.seq, m.id, m.body, m.version, m.created_at FROM messages m
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
                WHEN prior_body = body OR prior_version IS NOT NULL THEN 'duplicate'
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
--> statement-breakpoint
-- Finds the seq of a message by its id, which grows with the seq in a chat: an index on a table as hot as this one would
-- cost every post more than the search costs the few that need it.
CREATE FUNCTION seq_of_message(chat bigint, message bigint) RETURNS bigint
LANGUAGE plpgsql STABLE
SET enable_seqscan = off
AS $$
DECLARE
  low bigint := 1;
  high bigint;
  middle bigint;
  probe record;
BEGIN
  SELECT last_seq INTO high FROM chat_heads WHERE chat_id = chat;
  WHILE low <= high LOOP
    middle := (low + high) / 2;
    SELECT m.seq, m.id INTO probe FROM messages m
    WHERE m.chat_id = chat AND m.seq >= middle AND m.seq <= high ORDER BY m.seq LIMIT 1;
    IF NOT FOUND OR probe.id > message THEN
      high := middle - 1;
    ELSIF probe.id < message THEN
      low := probe.seq + 1;
    ELSE
      RETURN probe.seq;
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
--> statement-breakpoint
-- Stores a batch of posts and changes of messages in one transaction. The posts are those of post_messages; a chat has
-- either posts or changes in a batch, so that both keep their order.
--
-- changes: [{"o":position,"c":chat_id,"a":actor_id,"k":event_key,"e":"edit" or "delete","m":message id,"t":text}, ...].
-- Answers {"posts": the answer of post_messages, "changes": [{"o","outcome","seq","at","version",...}, ...]}, where the
-- outcome of a change is 'stored'; 'duplicate' (the same key, stored before); 'unchanged' (nothing to store); 'conflict'
-- (the same key, another change); 'refused' (no such chat, or the actor is no participant); 'missing' (no such message in
-- the chat, or none that the actor sees); 'forbidden' (another author's); 'deleted' (an edit of a deleted message).
CREATE FUNCTION write_events(chats bigint[], posts json, changes json) RETURNS json
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
DECLARE
  stored json := '[]';
  outcomes jsonb := '[]';
  change record;
  head record;
  member record;
  prior record;
  target record;
  new_kind text;
  new_at timestamptz;
  outcome text;
BEGIN
  PERFORM 1 FROM chat_heads WHERE chat_id = ANY (chats) ORDER BY chat_id FOR NO KEY UPDATE;
  IF json_array_length(posts) > 0 THEN
    stored := post_messages(chats, posts);
  END IF;

  FOR change IN
    SELECT * FROM json_to_recordset(changes) AS (o int, c bigint, a bigint, k text, e text, m bigint, t text) ORDER BY o
  LOOP
    new_kind := CASE change.e WHEN 'delete' THEN 'message.deleted' ELSE 'message.edited' END;
    SELECT h.last_seq, h.last_at, h.members_version INTO head FROM chat_heads h WHERE h.chat_id = change.c;
    SELECT p.from_seq INTO member FROM participants p WHERE p.chat_id = change.c AND p.user_id = change.a;
    SELECT ev.seq, ev.kind, ev.target_seq, ev.created_at INTO prior FROM chat_events ev
    WHERE ev.chat_id = change.c AND ev.actor_id = change.a AND ev.event_key = change.k;
    SELECT m.* INTO target FROM messages m
    WHERE m.chat_id = change.c AND m.seq = seq_of_message(change.c, change.m) AND m.seq > member.from_seq;

    IF head.last_seq IS NULL OR member.from_seq IS NULL THEN
      outcome := 'refused';
    ELSIF target.seq IS NULL THEN
      outcome := 'missing';
    ELSIF prior.seq IS NOT NULL THEN
      outcome := CASE WHEN prior.kind = new_kind AND prior.target_seq = target.seq THEN 'duplicate' ELSE 'conflict' END;
    ELSIF target.author_id <> change.a THEN
      outcome := 'forbidden';
    ELSIF target.deleted_at IS NOT NULL THEN
      outcome := CASE change.e WHEN 'delete' THEN 'unchanged' ELSE 'deleted' END;
    ELSIF change.e = 'edit' AND target.body = change.t THEN
      outcome := 'unchanged';
    ELSE
      outcome := 'stored';
      new_at := greatest(head.last_at, date_trunc('milliseconds', clock_timestamp()));
      UPDATE chat_heads h SET last_seq = head.last_seq + 1 WHERE h.chat_id = change.c;
      UPDATE messages m SET
        body = CASE change.e WHEN 'delete' THEN '' ELSE change.t END,
        edited_at = CASE change.e WHEN 'delete' THEN m.edited_at ELSE new_at END,
        deleted_at = CASE change.e WHEN 'delete' THEN new_at END,
        version = coalesce(m.version, 1) + 1
      WHERE m.chat_id = change.c AND m.seq = target.seq RETURNING m.* INTO target;
      INSERT INTO chat_events (chat_id, seq, kind, actor_id, target_seq, created_at, event_key)
      VALUES (change.c, head.last_seq + 1, new_kind, change.a, target.seq, new_at, change.k)
      RETURNING seq, kind, target_seq, created_at INTO prior;
    END IF;

    outcomes := outcomes || CASE WHEN outcome IN ('stored', 'duplicate') THEN jsonb_build_object(
      'o', change.o, 'outcome', outcome, 'seq', prior.seq, 'at', round(extract(epoch FROM prior.created_at) * 1000),
      'membersVersion', head.members_version, 'targetSeq', target.seq, 'id', target.id, 'text', target.body,
      'postKey', target.post_key, 'postedAt', round(extract(epoch FROM target.created_at) * 1000),
      'editedAt', round(extract(epoch FROM target.edited_at) * 1000),
      'deletedAt', round(extract(epoch FROM target.deleted_at) * 1000), 'version', coalesce(target.version, 1)
    ) ELSE jsonb_build_object('o', change.o, 'outcome', outcome) END;
  END LOOP;

  RETURN json_build_object('posts', stored, 'changes', outcomes);
END
$$;
