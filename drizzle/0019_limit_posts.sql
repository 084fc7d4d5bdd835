-- Limits of the type of a chat, kept with its head so that a post in a chat without any reads nothing for them: null, as
-- in most chats, or {"text": characters, "slow_s": seconds, "exempt": [role, ...]} of which "text" and "slow_s" may be
-- missing. Where there are some, "post_roles" names roles even if all may post: the statement for a single post, also that
-- of earlier releases, then leaves the decision to post_messages.
ALTER TABLE "chat_heads" ADD COLUMN "post_limits" jsonb;--> statement-breakpoint
-- When the members of chats in slow mode have posted last. It outlives a membership: to leave and to join again is no way
-- around it.
CREATE TABLE "slow_mode_posts" (
	"chat_id" bigint NOT NULL,
	"user_id" bigint NOT NULL,
	"posted_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "slow_mode_posts_chat_id_user_id_pk" PRIMARY KEY("chat_id","user_id")
);
--> statement-breakpoint
CREATE FUNCTION post_limits_of(definition jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
  limits jsonb := jsonb_strip_nulls(jsonb_build_object(
    'text', definition -> 'limits' -> 'text', 'slow_s', definition -> 'limits' -> 'slow_mode_s'
  ));
BEGIN
  RETURN CASE WHEN limits <> '{}' THEN limits || jsonb_build_object('exempt', (
    SELECT coalesce(jsonb_agg(r.role -> 'role'), '[]') FROM jsonb_array_elements(definition -> 'roles') r(role)
    WHERE r.role -> 'permissions' ? 'moderate'
  )) END;
END
$$;
--> statement-breakpoint
-- Writes down with the head of a chat who may post, and how much: whatever a statement says of "post_roles", they follow
-- from the type of the chat and from whether it is frozen.
CREATE FUNCTION set_post_rules() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  definition jsonb;
  is_frozen boolean;
  posting text[];
  is_everybody boolean;
BEGIN
  SELECT t.definition, c.frozen_at IS NOT NULL INTO definition, is_frozen
  FROM chats c JOIN chat_types t ON t.type = c.type WHERE c.id = NEW.chat_id;
  IF definition IS NULL THEN
    RETURN NEW;
  END IF;
  SELECT coalesce(array_agg(r.role ->> 'role' ORDER BY r.rank) FILTER (WHERE r.may_post), '{}'), bool_and(r.may_post)
  INTO posting, is_everybody
  FROM (
    SELECT one.role, one.rank, one.role -> 'permissions' ? 'post'
      AND (NOT is_frozen OR one.role -> 'permissions' ? 'moderate') AS may_post
    FROM jsonb_array_elements(definition -> 'roles') WITH ORDINALITY AS one(role, rank)
  ) r;
  NEW.post_limits := post_limits_of(definition);
  NEW.post_roles := CASE WHEN NOT is_everybody OR NEW.post_limits IS NOT NULL THEN posting END;
  RETURN NEW;
END
$$;
--> statement-breakpoint
-- The heads of direct chats have no count of members; their type has no rules.
CREATE TRIGGER chat_heads_with_post_rules BEFORE INSERT ON "chat_heads"
FOR EACH ROW WHEN (NEW.member_count IS NOT NULL) EXECUTE FUNCTION set_post_rules();
--> statement-breakpoint
CREATE TRIGGER chat_heads_with_new_post_rules BEFORE UPDATE OF "post_roles" ON "chat_heads"
FOR EACH ROW EXECUTE FUNCTION set_post_rules();
--> statement-breakpoint
CREATE FUNCTION renew_post_rules_of_chat() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  UPDATE chat_heads h SET post_roles = h.post_roles WHERE h.chat_id = NEW.id;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER chats_with_post_rules AFTER UPDATE OF "frozen_at" ON "chats" FOR EACH ROW
WHEN ((OLD.frozen_at IS NULL) <> (NEW.frozen_at IS NULL)) EXECUTE FUNCTION renew_post_rules_of_chat();
--> statement-breakpoint
-- All chats of a type are locked while it changes, in the order in which posts lock them: whatever is written to one of
-- them is judged by the former definition or by the new one, never by parts of both.
CREATE FUNCTION renew_post_rules_of_type() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  has_other_rules boolean := NEW.definition -> 'roles' IS DISTINCT FROM OLD.definition -> 'roles'
    OR post_limits_of(NEW.definition) IS DISTINCT FROM post_limits_of(OLD.definition);
BEGIN
  PERFORM 1 FROM chat_heads h WHERE h.chat_id IN (
    SELECT c.id FROM chats c WHERE c.type = NEW.type AND c.type NOT IN ('direct', 'group')
  ) ORDER BY h.chat_id FOR NO KEY UPDATE;
  IF has_other_rules THEN
    UPDATE chat_heads h SET post_roles = h.post_roles WHERE h.chat_id IN (
      SELECT c.id FROM chats c WHERE c.type = NEW.type AND c.type NOT IN ('direct', 'group')
    );
  END IF;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER chat_types_with_post_rules AFTER UPDATE OF "definition" ON "chat_types" FOR EACH ROW
WHEN (OLD.definition IS DISTINCT FROM NEW.definition) EXECUTE FUNCTION renew_post_rules_of_type();
--> statement-breakpoint
-- Whether members in this role have to wait between two posts.
CREATE FUNCTION is_slowed(limits jsonb, member_role text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
  RETURN limits ? 'slow_s' AND NOT coalesce(limits -> 'exempt' ? member_role, false);
END
$$;
--> statement-breakpoint
CREATE FUNCTION slow_refusal(wait_s numeric) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
  RETURN jsonb_build_object('reason', 'slow', 'waitMs', greatest(1, ceil(wait_s * 1000)));
END
$$;
--> statement-breakpoint
-- Why the limits of a locked chat forbid a post: {"reason": "text"}, or {"reason": "slow", "waitMs": for how long}; null if
-- they do not. "limits" are those of its head.
CREATE FUNCTION post_refusal(limits jsonb, chat bigint, author bigint, member_role text, body text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  wait_s numeric;
BEGIN
  IF char_length(body) > (limits ->> 'text')::int THEN
    RETURN jsonb_build_object('reason', 'text');
  ELSIF NOT is_slowed(limits, member_role) THEN
    RETURN NULL;
  END IF;
  SELECT (limits ->> 'slow_s')::int - extract(epoch FROM clock_timestamp() - s.posted_at) INTO wait_s
  FROM slow_mode_posts s WHERE s.chat_id = chat AND s.user_id = author;
  RETURN CASE WHEN wait_s > 0 THEN slow_refusal(wait_s) END;
END
$$;
--> statement-breakpoint
CREATE FUNCTION note_slow_post(limits jsonb, chat bigint, author bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  IF limits ? 'slow_s' THEN
    INSERT INTO slow_mode_posts AS s (chat_id, user_id, posted_at)
    VALUES (chat, author, date_trunc('milliseconds', clock_timestamp()))
    ON CONFLICT (chat_id, user_id) DO UPDATE SET posted_at = excluded.posted_at;
  END IF;
END
$$;
--> statement-breakpoint
-- As in 0014, and the limits of a chat are obeyed. A refusal of theirs is "forbidden", with the reason as a seventh element.
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
           head.post_roles IS NULL OR member.role = ANY (head.post_roles) AS may_post,
           greatest(head.last_at, date_trunc('milliseconds', clock_timestamp())) AS stored_at,
           prior.seq AS prior_seq, prior.id AS prior_id, prior.body AS prior_body, prior.version AS prior_version,
           prior.created_at AS prior_at,
           member.user_id IS NOT NULL AS is_member,
           CASE WHEN head.post_limits IS NOT NULL
             THEN post_refusal(head.post_limits, e.c, e.a, member.role, e.t) END AS refusal,
           CASE WHEN head.post_limits IS NOT NULL THEN is_slowed(head.post_limits, member.role) ELSE false END AS is_slowed
    FROM ROWS FROM (json_to_recordset(batch) AS (c bigint, a bigint, k text, t text)) WITH ORDINALITY AS e (c, a, k, t, ord)
    LEFT JOIN LATERAL (
      SELECT h.last_seq, h.last_at, h.members_version, h.closed_at, h.post_roles, h.post_limits FROM chat_heads h
      WHERE h.chat_id = e.c LIMIT 1
    ) head ON true
    LEFT JOIN LATERAL (
      SELECT p.user_id, p.role FROM participants p WHERE p.chat_id = e.c AND p.user_id = e.a LIMIT 1
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
                WHEN prior_body = body OR prior_version IS NOT NULL THEN 'duplicate'
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
-- As in 0015, and the limits of a chat are obeyed: a refusal of theirs is "denied", with a "reason". So is one for want of
-- a feature.
CREATE OR REPLACE FUNCTION write_message(change jsonb, head chat_heads, member participants) RETURNS jsonb
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  chat bigint := head.chat_id;
  author bigint := member.user_id;
  parent bigint := change ->> 'p';
  quoted bigint := change ->> 'q';
  mentioned jsonb := change -> 'mentions';
  happened timestamptz := greatest(head.last_at, date_trunc('milliseconds', clock_timestamp()));
  targets text[];
  refusal text;
  limited jsonb;
  prior messages;
  opener messages;
  stored messages;
BEGIN
  SELECT m.* INTO prior FROM messages m WHERE m.chat_id = chat AND m.author_id = author AND m.post_key = change ->> 'k';
  IF prior.seq IS NOT NULL THEN
    -- The first text and mentions of a changed message are not known any more.
    RETURN CASE WHEN prior.version IS NOT NULL OR (prior.body = change ->> 't'
        AND prior.parent_seq IS NOT DISTINCT FROM parent AND prior.reply_to_seq IS NOT DISTINCT FROM quoted
        AND prior.extra -> 'mentions' IS NOT DISTINCT FROM mentioned
        AND prior.extra -> 'data' IS NOT DISTINCT FROM change -> 'd')
      THEN message_outcome('duplicate', prior.seq, prior.created_at, prior)
      ELSE jsonb_build_object('outcome', 'conflict') END;
  ELSIF head.closed_at IS NOT NULL THEN
    RETURN jsonb_build_object('outcome', 'closed');
  END IF;
  refusal := chat_refusal(chat, member.role, 'post');
  IF refusal IS NOT NULL THEN
    RETURN jsonb_build_object('outcome', refusal);
  END IF;
  IF head.post_limits IS NOT NULL THEN
    limited := post_refusal(head.post_limits, chat, author, member.role, change ->> 't');
    IF limited IS NOT NULL THEN
      RETURN jsonb_build_object('outcome', 'denied') || limited;
    END IF;
  END IF;

  IF parent IS NOT NULL THEN
    SELECT m.* INTO opener FROM messages m WHERE m.chat_id = chat AND m.seq = parent AND m.seq > member.from_seq;
    IF opener.seq IS NULL THEN
      RETURN jsonb_build_object('outcome', 'missing');
    ELSIF opener.parent_seq IS NOT NULL THEN
      RETURN jsonb_build_object('outcome', 'nested');
    ELSIF NOT chat_has(chat, 'threads') THEN
      RETURN jsonb_build_object('outcome', 'denied', 'reason', 'feature');
    END IF;
  END IF;
  IF quoted IS NOT NULL AND NOT EXISTS (
    SELECT FROM messages m WHERE m.chat_id = chat AND m.seq = quoted AND m.seq > member.from_seq
  ) THEN
    RETURN jsonb_build_object('outcome', 'missing');
  END IF;
  SELECT array_agg(mention_target(chat, mention)) INTO targets FROM jsonb_array_elements_text(mentioned) mention;
  IF array_position(targets, NULL) IS NOT NULL THEN
    RETURN jsonb_build_object('outcome', 'stranger');
  END IF;

  UPDATE chat_heads h SET last_seq = h.last_seq + 1, last_at = happened WHERE h.chat_id = chat;
  INSERT INTO messages (chat_id, seq, author_id, body, post_key, created_at, parent_seq, reply_to_seq, extra)
  VALUES (chat, head.last_seq + 1, author, change ->> 't', change ->> 'k', happened, parent, quoted,
    jsonb_strip_nulls(jsonb_build_object('mentions', mentioned, 'key', change -> 'y'))
      || CASE WHEN change ? 'd' THEN jsonb_build_object('data', change -> 'd') ELSE '{}' END)
  RETURNING * INTO stored;
  INSERT INTO mentions (chat_id, target, seq) SELECT DISTINCT chat, target, stored.seq FROM unnest(targets) target;
  IF parent IS NOT NULL THEN
    PERFORM mark_message(chat, parent);
    INSERT INTO thread_replies (chat_id, parent_seq, seq) VALUES (chat, parent, stored.seq);
    INSERT INTO threads AS t (chat_id, seq, replies, last_reply_at, participants)
    VALUES (chat, parent, 1, happened, ARRAY[author])
    ON CONFLICT (chat_id, seq) DO UPDATE SET replies = t.replies + 1, last_reply_at = happened,
      participants = (author || array_remove(t.participants, author))[1:5];
    INSERT INTO thread_followers AS f (chat_id, parent_seq, user_id, replies, read_seq)
    SELECT chat, parent, follower, max(wrote), max(CASE wrote WHEN 1 THEN stored.seq ELSE 0 END)
    FROM (
      SELECT opener.author_id AS follower, 0 AS wrote UNION ALL SELECT author, 1
      UNION ALL SELECT target::bigint, 0 FROM unnest(targets) target WHERE target NOT LIKE '@%'
    ) followers GROUP BY follower
    ON CONFLICT (chat_id, parent_seq, user_id) DO UPDATE
      SET replies = f.replies + excluded.replies, read_seq = greatest(f.read_seq, excluded.read_seq);
  END IF;
  IF head.post_limits ? 'slow_s' THEN
    PERFORM note_slow_post(head.post_limits, chat, author);
  END IF;
  RETURN message_outcome('stored', stored.seq, happened, stored);
END
$$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION write_edit(change jsonb, head chat_heads, member participants, target messages) RETURNS jsonb
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  chat bigint := head.chat_id;
  actor bigint := change ->> 'a';
  action text := change ->> 'e';
  is_own boolean := actor IS NOT NULL AND actor = target.author_id;
  new_text text := coalesce(change ->> 't', target.body);
  old_data jsonb := target.extra -> 'data';
  new_data jsonb := CASE WHEN change ? 'd' THEN nullif(change -> 'd', 'null') ELSE old_data END;
  happened timestamptz := greatest(head.last_at, date_trunc('milliseconds', clock_timestamp()));
  refusal text;
  changed messages;
BEGIN
  -- A narrowed token has nothing of what a role permits for messages of others.
  IF NOT is_own AND (change ->> 'own')::boolean THEN
    RETURN jsonb_build_object('outcome', 'forbidden');
  END IF;
  refusal := chat_refusal(chat, member.role, action || CASE WHEN is_own THEN '_own' ELSE '_any' END);
  IF refusal IS NOT NULL THEN
    RETURN jsonb_build_object('outcome', CASE WHEN refusal = 'denied' AND NOT is_own THEN 'forbidden' ELSE refusal END);
  ELSIF target.deleted_at IS NOT NULL THEN
    RETURN CASE action WHEN 'delete' THEN message_outcome('unchanged', NULL, NULL, target)
      ELSE jsonb_build_object('outcome', 'deleted') END;
  ELSIF (change ->> 'v')::int <> coalesce(target.version, 1) THEN
    RETURN jsonb_build_object('outcome', 'version');
  ELSIF action = 'edit' AND target.body = new_text AND old_data IS NOT DISTINCT FROM new_data THEN
    RETURN message_outcome('unchanged', NULL, NULL, target);
  ELSIF action = 'edit' AND head.post_limits IS NOT NULL AND new_text <> target.body
    AND char_length(new_text) > (head.post_limits ->> 'text')::int THEN
    RETURN jsonb_build_object('outcome', 'denied', 'reason', 'text');
  END IF;

  IF action = 'delete' THEN
    changed := erase_message(target, happened);
  ELSE
    INSERT INTO message_versions (chat_id, seq, version, body, data, created_at)
    VALUES (chat, target.seq, coalesce(target.version, 1), target.body, old_data,
      coalesce(target.edited_at, target.created_at));
    DELETE FROM message_versions v
    WHERE v.chat_id = chat AND v.seq = target.seq AND v.version <= coalesce(target.version, 1) - (change ->> 'max')::int;
    UPDATE messages m SET body = new_text, edited_at = happened, version = coalesce(m.version, 1) + 1,
      extra = CASE WHEN new_data IS NULL THEN m.extra - 'data'
        ELSE coalesce(m.extra, '{}') || jsonb_build_object('data', new_data) END
    WHERE m.chat_id = chat AND m.seq = target.seq RETURNING m.* INTO changed;
  END IF;
  RETURN message_outcome(
    'stored',
    append_event(
      chat, CASE action WHEN 'delete' THEN 'message.deleted' ELSE 'message.edited' END, actor, target.seq,
      CASE WHEN change ? 'y' THEN jsonb_build_object('key', change -> 'y') END, change ->> 'k', happened
    ),
    happened, changed
  );
END
$$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION write_mark(change jsonb, head chat_heads, member participants, target messages) RETURNS jsonb
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  chat bigint := head.chat_id;
  actor bigint := change ->> 'a';
  action text := change ->> 'e';
  new_emoji text := change ->> 'em';
  key text := change ->> 'k';
  event_data jsonb := jsonb_strip_nulls(jsonb_build_object('emoji', new_emoji, 'key', change -> 'y'));
  happened timestamptz := greatest(head.last_at, date_trunc('milliseconds', clock_timestamp()));
  is_reaction boolean := action IN ('react', 'unreact');
  is_there boolean;
  refusal text;
  new_seq bigint;
  old_emoji text;
BEGIN
  refusal := chat_refusal(chat, member.role, CASE WHEN is_reaction THEN 'react' ELSE 'pin' END);
  IF refusal IS NOT NULL THEN
    RETURN jsonb_build_object('outcome', refusal);
  ELSIF target.deleted_at IS NOT NULL THEN
    RETURN CASE WHEN action IN ('unreact', 'unpin') THEN jsonb_build_object('outcome', 'unchanged')
      ELSE jsonb_build_object('outcome', 'deleted') END;
  END IF;
  IF is_reaction THEN
    SELECT EXISTS (
      SELECT FROM reactions r WHERE r.chat_id = chat AND r.seq = target.seq AND r.user_id = actor AND r.emoji = new_emoji
    ) INTO is_there;
  ELSE
    SELECT EXISTS (SELECT FROM pins p WHERE p.chat_id = chat AND p.seq = target.seq) INTO is_there;
  END IF;
  IF is_there = (action IN ('react', 'pin')) THEN
    RETURN jsonb_build_object('outcome', 'unchanged');
  END IF;

  CASE action
    WHEN 'react' THEN
      IF NOT chat_has(chat, 'reactions') THEN
        RETURN jsonb_build_object('outcome', 'denied', 'reason', 'feature');
      END IF;
      IF (
        SELECT t.definition ->> 'reactions' = 'one' FROM chats c JOIN chat_types t ON t.type = c.type WHERE c.id = chat
      ) THEN
        SELECT r.emoji INTO old_emoji FROM reactions r
        WHERE r.chat_id = chat AND r.seq = target.seq AND r.user_id = actor LIMIT 1;
      END IF;
      IF (
        SELECT count(*) >= (change ->> 'max')::int AND NOT coalesce(bool_or(r.emoji = new_emoji), false)
        FROM reaction_counts r
        WHERE r.chat_id = chat AND r.seq = target.seq AND NOT (r.count = 1 AND r.emoji IS NOT DISTINCT FROM old_emoji)
      ) THEN
        RETURN jsonb_build_object('outcome', 'full');
      END IF;
      IF old_emoji IS NOT NULL THEN
        PERFORM remove_reaction(
          chat, target.seq, actor, old_emoji, event_data || jsonb_build_object('emoji', old_emoji), NULL, happened
        );
      END IF;
      PERFORM mark_message(chat, target.seq);
      new_seq := append_event(chat, 'reaction.added', actor, target.seq, event_data, key, happened);
      INSERT INTO reactions (chat_id, seq, user_id, emoji, created_at)
      VALUES (chat, target.seq, actor, new_emoji, happened);
      INSERT INTO reaction_counts AS r (chat_id, seq, emoji, count, first_seq)
      VALUES (chat, target.seq, new_emoji, 1, new_seq)
      ON CONFLICT (chat_id, seq, emoji) DO UPDATE SET count = r.count + 1;
    WHEN 'unreact' THEN
      new_seq := remove_reaction(chat, target.seq, actor, new_emoji, event_data, key, happened);
    WHEN 'pin' THEN
      IF (SELECT count(*) >= (change ->> 'max')::int FROM pins p WHERE p.chat_id = chat) THEN
        RETURN jsonb_build_object('outcome', 'full');
      END IF;
      PERFORM mark_message(chat, target.seq);
      INSERT INTO pins (chat_id, seq, pinned_by, pinned_at) VALUES (chat, target.seq, actor, happened);
      new_seq := append_event(chat, 'message.pinned', actor, target.seq, event_data, key, happened);
    WHEN 'unpin' THEN
      DELETE FROM pins p WHERE p.chat_id = chat AND p.seq = target.seq;
      new_seq := append_event(chat, 'message.unpinned', actor, target.seq, event_data, key, happened);
  END CASE;
  RETURN jsonb_build_object(
    'outcome', 'stored', 'seq', new_seq, 'at', round(extract(epoch FROM happened) * 1000), 'targetSeq', target.seq,
    'marks', (SELECT m.marks FROM marks_of(chat, ARRAY[target.seq]) m), 'replaced', old_emoji
  );
END
$$;
--> statement-breakpoint
-- Types that had limits before they were obeyed.
WITH locked AS (
  SELECT h.chat_id FROM chat_heads h WHERE h.chat_id IN (
    SELECT c.id FROM chats c JOIN chat_types t ON t.type = c.type
    WHERE c.type NOT IN ('direct', 'group') AND post_limits_of(t.definition) IS NOT NULL
  ) ORDER BY h.chat_id FOR NO KEY UPDATE
)
UPDATE chat_heads h SET post_roles = h.post_roles WHERE h.chat_id IN (SELECT chat_id FROM locked);
