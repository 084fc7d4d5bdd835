-- A replica that waits for another one at a log moves its position after it. Rows that were skipped since they were locked
-- kept what the one had noted from its followers until the next sweep.

CREATE OR REPLACE FUNCTION follow_chats(chats bigint[]) RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
  state following;
  moved integer;
BEGIN
  SELECT * INTO state FROM following;
  IF NOT state.is_active THEN
    RETURN 0;
  END IF;
  INSERT INTO followed_chats (chat_id, position, since)
  SELECT h.chat_id, last_event_before(h.chat_id, state.since), state.since FROM chat_heads h
  WHERE h.chat_id = ANY (chats) AND NOT EXISTS (
    SELECT FROM followed_chats f WHERE f.chat_id = h.chat_id AND f.since = state.since
  )
  ORDER BY h.chat_id
  ON CONFLICT (chat_id) DO UPDATE SET position = excluded.position, since = excluded.since
    WHERE followed_chats.since < excluded.since;

  WITH ahead AS (
    SELECT f.chat_id, f.position, h.last_seq, c.type
    FROM followed_chats f JOIN chat_heads h ON h.chat_id = f.chat_id JOIN chats c ON c.id = f.chat_id
    WHERE f.chat_id = ANY (chats) AND h.last_seq > f.position
    ORDER BY f.chat_id FOR UPDATE OF f
  ), noted AS (
    UPDATE followed_chats f SET position = a.last_seq FROM ahead a WHERE f.chat_id = a.chat_id
  ), sent AS (
    INSERT INTO jobs (kind, target, key, payload)
    SELECT 'webhook', w.id, 'chat ' || a.chat_id,
      jsonb_build_object('chat', a.chat_id, 'from', a.position + 1, 'to', a.last_seq)
    FROM ahead a JOIN webhooks w ON w.disabled_at IS NULL AND (w.chat_types IS NULL OR a.type = ANY (w.chat_types))
    ORDER BY w.id, a.chat_id
    ON CONFLICT (kind, target, key) WHERE failed_at IS NULL AND key IS NOT NULL DO UPDATE
      SET payload = jobs.payload || jsonb_build_object('to', excluded.payload -> 'to'), revision = jobs.revision + 1
  ), told AS (
    INSERT INTO jobs (kind, key, payload)
    SELECT n.name, 'chat ' || a.chat_id,
      jsonb_build_object('chat', a.chat_id, 'from', a.position + 1, 'to', a.last_seq)
    FROM ahead a CROSS JOIN followers n ORDER BY n.name, a.chat_id
    ON CONFLICT (kind, target, key) WHERE failed_at IS NULL AND key IS NOT NULL DO UPDATE
      SET payload = jobs.payload || jsonb_build_object('to', excluded.payload -> 'to'), revision = jobs.revision + 1
  )
  SELECT count(*) INTO moved FROM ahead;
  RETURN moved;
END
$$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION follow_feeds(users bigint[]) RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
  state following;
  moved integer;
BEGIN
  SELECT * INTO state FROM following;
  IF NOT state.is_active THEN
    RETURN 0;
  END IF;
  INSERT INTO followed_feeds (user_id, position, since)
  SELECT h.user_id, coalesce((
    SELECT e.pos FROM feed_events e WHERE e.user_id = h.user_id AND e.created_at < state.since ORDER BY e.pos DESC LIMIT 1
  ), 0), state.since
  FROM feed_heads h
  WHERE h.user_id = ANY (users) AND NOT EXISTS (
    SELECT FROM followed_feeds f WHERE f.user_id = h.user_id AND f.since = state.since
  )
  ORDER BY h.user_id
  ON CONFLICT (user_id) DO UPDATE SET position = excluded.position, since = excluded.since
    WHERE followed_feeds.since < excluded.since;

  WITH ahead AS (
    SELECT f.user_id, f.position, h.pos FROM followed_feeds f JOIN feed_heads h ON h.user_id = f.user_id
    WHERE f.user_id = ANY (users) AND h.pos > f.position
    ORDER BY f.user_id FOR UPDATE OF f
  ), noted AS (
    UPDATE followed_feeds f SET position = a.pos FROM ahead a WHERE f.user_id = a.user_id
  ), sent AS (
    INSERT INTO jobs (kind, target, key, payload)
    SELECT 'webhook', w.id, 'feed ' || a.user_id,
      jsonb_build_object('user', a.user_id, 'from', a.position + 1, 'to', a.pos)
    FROM ahead a JOIN webhooks w ON w.disabled_at IS NULL AND w.chat_types IS NULL AND (w.events IS NULL OR w.events && ARRAY[
      'chat.added', 'chat.removed', 'membership.updated', 'message.hidden', 'mention.received', 'block.added',
      'block.removed', 'session.started', 'session.ended'
    ])
    ORDER BY w.id, a.user_id
    ON CONFLICT (kind, target, key) WHERE failed_at IS NULL AND key IS NOT NULL DO UPDATE
      SET payload = jobs.payload || jsonb_build_object('to', excluded.payload -> 'to'), revision = jobs.revision + 1
  )
  SELECT count(*) INTO moved FROM ahead;
  RETURN moved;
END
$$;
