-- A message whose text or data were replaced before it was stored keeps the fingerprint of the request in its "extra"
-- ("asked"), so that a retry of the request finds it. Nothing is kept of other messages. The event of an edit that was
-- replaced says so alone ("rewritten").
CREATE FUNCTION request_fingerprint(request jsonb) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT encode(sha256(convert_to((request - ARRAY['o', 'c', 'a', 'y', 'k', 'own', 'e', 'asked'])::text, 'UTF8')), 'base64')
$$;
--> statement-breakpoint
-- As in 0024, and a retry of a request whose message was replaced is compared by its fingerprint.
CREATE OR REPLACE FUNCTION post_messages(chats bigint[], batch json) RETURNS json
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
DECLARE
  outcomes json;
  is_slow boolean;
BEGIN
  SELECT bool_or(locked.post_limits ? 'slow_s') INTO is_slow FROM (
    SELECT h.post_limits FROM chat_heads h WHERE h.chat_id = ANY (chats) ORDER BY h.chat_id FOR NO KEY UPDATE
  ) locked;

  WITH entry AS MATERIALIZED (
    SELECT e.ord, e.c AS chat_id, e.a AS author_id, e.k AS post_key, e.t AS body,
           head.last_seq, head.members_version, head.closed_at, head.post_limits,
           head.post_roles IS NULL OR (member.role = ANY (head.post_roles)
             AND (e.own IS NOT TRUE OR (SELECT c.frozen_at IS NULL FROM chats c WHERE c.id = e.c))) AS may_post,
           greatest(head.last_at, date_trunc('milliseconds', clock_timestamp())) AS stored_at,
           prior.seq AS prior_seq, prior.id AS prior_id, prior.body AS prior_body, prior.version AS prior_version,
           prior.created_at AS prior_at, prior.asked AS prior_asked,
           member.user_id IS NOT NULL AS is_member,
           CASE WHEN head.post_limits IS NOT NULL
             THEN post_refusal(head.post_limits, e.c, e.a, member.role, e.t) END AS refusal,
           CASE WHEN head.post_limits IS NOT NULL THEN is_slowed(head.post_limits, member.role) ELSE false END AS is_slowed
    FROM ROWS FROM (json_to_recordset(batch) AS (c bigint, a bigint, k text, t text, own boolean))
      WITH ORDINALITY AS e (c, a, k, t, own, ord)
    LEFT JOIN LATERAL (
      SELECT h.last_seq, h.last_at, h.members_version, h.closed_at, h.post_roles,
             CASE WHEN e.own THEN h.post_limits - 'exempt' ELSE h.post_limits END AS post_limits
      FROM chat_heads h
      WHERE h.chat_id = e.c LIMIT 1
    ) head ON true
    LEFT JOIN LATERAL (
      SELECT p.user_id, p.role FROM participants p WHERE p.chat_id = e.c AND p.user_id = e.a LIMIT 1
    ) member ON true
    LEFT JOIN LATERAL (
      SELECT m.seq, m.id, m.body, m.version, m.created_at, m.extra ->> 'asked' AS asked FROM messages m
      WHERE m.chat_id = e.c AND m.author_id = e.a AND m.post_key = e.k LIMIT 1
    ) prior ON true
  ), fresh AS MATERIALIZED (
    SELECT ord, chat_id, author_id, post_key, body, stored_at, members_version,
           last_seq + row_number() OVER (PARTITION BY chat_id ORDER BY ord) AS seq,
           nextval('messages_id_seq') AS id
    FROM entry
    WHERE last_seq IS NOT NULL AND is_member AND prior_seq IS NULL AND closed_at IS NULL AND may_post
      -- Of several posts of the same author in slow mode the first one is stored.
      AND CASE WHEN post_limits IS NULL THEN true ELSE refusal IS NULL AND NOT (is_slowed AND EXISTS (
        SELECT FROM entry earlier WHERE earlier.chat_id = entry.chat_id AND earlier.author_id = entry.author_id
          AND earlier.ord < entry.ord AND earlier.prior_seq IS NULL AND earlier.refusal IS NULL
      )) END
  ), inserted AS (
    INSERT INTO messages (chat_id, seq, id, author_id, body, post_key, created_at)
    SELECT chat_id, seq, id, author_id, body, post_key, stored_at FROM fresh
  ), advanced AS (
    UPDATE chat_heads h SET last_seq = f.seq, last_at = f.stored_at
    FROM (SELECT chat_id, max(seq) AS seq, max(stored_at) AS stored_at FROM fresh GROUP BY chat_id) f
    WHERE h.chat_id = f.chat_id
  ), outcome AS (
    SELECT ord, 'stored' AS outcome, seq, id, stored_at AS at, members_version, NULL::jsonb AS refusal FROM fresh
    UNION ALL
    SELECT ord,
           CASE WHEN last_seq IS NULL OR NOT is_member THEN 'refused'
                WHEN prior_seq IS NULL AND closed_at IS NOT NULL THEN 'closed'
                WHEN prior_seq IS NULL AND (SELECT c.frozen_at FROM chats c WHERE c.id = chat_id) IS NOT NULL THEN 'frozen'
                WHEN prior_seq IS NULL THEN 'forbidden'
                WHEN prior_asked <> request_fingerprint(jsonb_build_object('t', body)) THEN 'conflict'
                WHEN prior_asked IS NOT NULL OR prior_body = body OR prior_version IS NOT NULL THEN 'duplicate'
                ELSE 'conflict' END,
           prior_seq, prior_id, prior_at, members_version,
           CASE WHEN post_limits IS NOT NULL AND is_member AND prior_seq IS NULL AND closed_at IS NULL AND may_post
             THEN coalesce(refusal, slow_refusal((post_limits ->> 'slow_s')::numeric)) END
    FROM entry
    WHERE last_seq IS NULL OR NOT is_member OR prior_seq IS NOT NULL OR closed_at IS NOT NULL OR NOT may_post
       OR CASE WHEN post_limits IS NULL THEN false ELSE NOT EXISTS (SELECT FROM fresh WHERE fresh.ord = entry.ord) END
  )
  SELECT json_agg(CASE WHEN refusal IS NULL
    THEN json_build_array(ord, outcome, seq, id, round(extract(epoch FROM at) * 1000), members_version)
    ELSE json_build_array(ord, outcome, seq, id, NULL, members_version, refusal) END)
  INTO outcomes
  FROM outcome;

  IF is_slow THEN
    PERFORM note_slow_post(h.post_limits, e.c, e.a)
    FROM json_array_elements(outcomes) AS o(outcome)
    JOIN ROWS FROM (json_to_recordset(batch) AS (c bigint, a bigint)) WITH ORDINALITY AS e (c, a, ord)
      ON e.ord = (o.outcome ->> 0)::bigint
    JOIN chat_heads h ON h.chat_id = e.c
    WHERE o.outcome ->> 1 = 'stored';
  END IF;

  RETURN outcomes;
END
$$;
--> statement-breakpoint
-- As in 0024, and a change whose text or data were replaced has the request in "asked".
CREATE OR REPLACE FUNCTION write_change(change jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  chat bigint := change ->> 'c';
  actor bigint := change ->> 'a';
  request jsonb := coalesce(change -> 'asked', change);
  action text := change ->> 'e';
  head chat_heads;
  member participants;
  target messages;
  prior chat_events;
  outcome jsonb;
  hidden_from jsonb;
  is_frozen boolean := false;
BEGIN
  SELECT h.* INTO head FROM chat_heads h WHERE h.chat_id = chat;
  SELECT p.* INTO member FROM participants p WHERE p.chat_id = chat AND p.user_id = actor;
  IF head.chat_id IS NULL OR member.user_id IS DISTINCT FROM actor THEN
    RETURN jsonb_build_object('outcome', 'refused');
  END IF;
  IF (change ->> 'own')::boolean THEN
    head.post_limits := head.post_limits - 'exempt';
    SELECT c.frozen_at IS NOT NULL INTO is_frozen FROM chats c WHERE c.id = chat;
  END IF;
  IF action = 'post' THEN
    IF is_frozen AND head.closed_at IS NULL AND NOT EXISTS (
      SELECT FROM messages m WHERE m.chat_id = chat AND m.author_id = actor AND m.post_key = change ->> 'k'
    ) THEN
      RETURN jsonb_build_object('outcome', 'frozen');
    END IF;
    outcome := write_message(change, head, member);
    IF outcome ->> 'outcome' IN ('duplicate', 'conflict') THEN
      SELECT m.* INTO target FROM messages m
      WHERE m.chat_id = chat AND m.author_id = actor AND m.post_key = change ->> 'k';
      IF target.extra ->> 'asked' = request_fingerprint(request) THEN
        outcome := message_outcome('duplicate', target.seq, target.created_at, target);
      ELSIF target.extra -> 'asked' IS NOT NULL THEN
        outcome := jsonb_build_object('outcome', 'conflict');
      ELSIF change -> 'asked' IS NOT NULL THEN
        -- It was stored as it was sent, by a twin of this request.
        outcome := write_message(
          request || jsonb_build_object('k', change -> 'k') || CASE WHEN change ? 'y' THEN jsonb_build_object('y', change -> 'y')
            ELSE '{}' END, head, member
        );
      END IF;
    ELSIF outcome ->> 'outcome' = 'stored' AND change -> 'asked' IS NOT NULL THEN
      UPDATE messages m SET extra = m.extra || jsonb_build_object('asked', request_fingerprint(request))
      WHERE m.chat_id = chat AND m.seq = (outcome ->> 'seq')::bigint;
    END IF;
    RETURN outcome || jsonb_build_object('membersVersion', head.members_version);
  END IF;

  SELECT m.* INTO target FROM messages m
  WHERE m.chat_id = chat AND m.seq = coalesce((change ->> 's')::bigint, seq_of_message(chat, (change ->> 'm')::bigint))
    AND m.seq > coalesce(member.from_seq, 0);
  IF target.seq IS NULL THEN
    RETURN jsonb_build_object('outcome', 'missing');
  END IF;
  SELECT ev.* INTO prior FROM chat_events ev
  WHERE ev.chat_id = chat AND ev.actor_id IS NOT DISTINCT FROM actor AND ev.event_key = change ->> 'k';
  IF prior.seq IS NOT NULL THEN
    IF prior.target_seq <> target.seq OR prior.data ->> 'emoji' IS DISTINCT FROM change ->> 'em' OR prior.kind <> (
      CASE action WHEN 'delete' THEN 'message.deleted' WHEN 'edit' THEN 'message.edited' WHEN 'pin' THEN 'message.pinned'
        WHEN 'unpin' THEN 'message.unpinned' WHEN 'react' THEN 'reaction.added' ELSE 'reaction.removed' END
    ) THEN
      RETURN jsonb_build_object('outcome', 'conflict');
    END IF;
    outcome := message_outcome('duplicate', prior.seq, prior.created_at, target);
    IF prior.data -> 'rewritten' IS NOT NULL THEN
      outcome := outcome || '{"isRewritten": true}';
    END IF;
  ELSIF is_frozen THEN
    RETURN jsonb_build_object('outcome', 'frozen');
  ELSIF action IN ('edit', 'delete') THEN
    outcome := write_edit(change, head, member, target);
  ELSE
    outcome := write_mark(change, head, member, target);
  END IF;
  IF outcome ->> 'outcome' = 'stored' AND action = 'edit' AND change -> 'asked' IS NOT NULL THEN
    UPDATE chat_events ev SET data = coalesce(ev.data, '{}') || '{"rewritten": true}'
    WHERE ev.chat_id = chat AND ev.seq = (outcome ->> 'seq')::bigint;
  END IF;
  IF outcome ->> 'outcome' = 'stored' THEN
    SELECT jsonb_agg(h.user_id) INTO hidden_from FROM hidden_messages h WHERE h.chat_id = chat AND h.seq = target.seq;
    IF hidden_from IS NOT NULL THEN
      outcome := outcome || jsonb_build_object('hiddenFrom', hidden_from);
    END IF;
  END IF;
  RETURN outcome || jsonb_build_object('membersVersion', head.members_version);
END
$$;
