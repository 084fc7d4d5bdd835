-- "parent_seq" is the message whose thread a message belongs to, "reply_to_seq" the one that it quotes. "extra" is null
-- for a plain message; otherwise an object with what it has of "mentions", "data" and "key" (the API key that posted it),
-- and with "marks" once it has had a reaction, a pin or a reply, so that a page asks for those only where there are any.
ALTER TABLE "messages" ADD COLUMN "parent_seq" bigint;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "reply_to_seq" bigint;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "extra" jsonb;--> statement-breakpoint
CREATE TABLE "message_versions" (
	"chat_id" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"version" integer NOT NULL,
	"body" text NOT NULL,
	"data" jsonb,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "message_versions_chat_id_seq_version_pk" PRIMARY KEY("chat_id","seq","version")
);
--> statement-breakpoint
CREATE TABLE "threads" (
	"chat_id" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"replies" integer DEFAULT 0 NOT NULL,
	"last_reply_at" timestamp (3) with time zone,
	"participants" bigint[] DEFAULT '{}' NOT NULL,
	CONSTRAINT "threads_chat_id_seq_pk" PRIMARY KEY("chat_id","seq")
);
--> statement-breakpoint
CREATE TABLE "thread_replies" (
	"chat_id" bigint NOT NULL,
	"parent_seq" bigint NOT NULL,
	"seq" bigint NOT NULL,
	CONSTRAINT "thread_replies_chat_id_parent_seq_seq_pk" PRIMARY KEY("chat_id","parent_seq","seq")
);
--> statement-breakpoint
CREATE TABLE "thread_followers" (
	"chat_id" bigint NOT NULL,
	"parent_seq" bigint NOT NULL,
	"user_id" bigint NOT NULL,
	"replies" integer DEFAULT 0 NOT NULL,
	"read_seq" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "thread_followers_chat_id_parent_seq_user_id_pk" PRIMARY KEY("chat_id","parent_seq","user_id")
);
--> statement-breakpoint
CREATE INDEX "thread_followers_user" ON "thread_followers" USING btree ("chat_id","user_id");
--> statement-breakpoint
CREATE TABLE "reactions" (
	"chat_id" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"user_id" bigint NOT NULL,
	"emoji" text COLLATE "C" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "reactions_chat_id_seq_user_id_emoji_pk" PRIMARY KEY("chat_id","seq","user_id","emoji")
);
--> statement-breakpoint
CREATE TABLE "reaction_counts" (
	"chat_id" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"emoji" text COLLATE "C" NOT NULL,
	"count" integer NOT NULL,
	"first_seq" bigint NOT NULL,
	CONSTRAINT "reaction_counts_chat_id_seq_emoji_pk" PRIMARY KEY("chat_id","seq","emoji")
);
--> statement-breakpoint
CREATE TABLE "pins" (
	"chat_id" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"pinned_by" bigint,
	"pinned_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "pins_chat_id_seq_pk" PRIMARY KEY("chat_id","seq")
);
--> statement-breakpoint
CREATE TABLE "mentions" (
	"chat_id" bigint NOT NULL,
	"target" text COLLATE "C" NOT NULL,
	"seq" bigint NOT NULL,
	CONSTRAINT "mentions_chat_id_target_seq_pk" PRIMARY KEY("chat_id","target","seq")
);
--> statement-breakpoint
CREATE TABLE "hidden_messages" (
	"chat_id" bigint NOT NULL,
	"user_id" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "hidden_messages_chat_id_user_id_seq_pk" PRIMARY KEY("chat_id","user_id","seq")
);
--> statement-breakpoint
-- The functions below are in PL/pgSQL, whose plans are kept for a connection: those of SQL functions are made again in each
-- statement, which takes longer than what they do. As in 0014 otherwise.
CREATE OR REPLACE FUNCTION chat_permits(chat_type text, role text, permission text) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM chat_types t CROSS JOIN jsonb_array_elements(t.definition -> 'roles') AS entry(definition)
    WHERE t.type = $1 AND entry.definition ->> 'role' = $2 AND entry.definition -> 'permissions' ? $3
  );
END
$$;
--> statement-breakpoint
-- Why a member in this role may not do that in a chat: 'frozen' or 'denied'; null when nothing stands against it. A role of
-- null is an API key that acts by itself.
CREATE FUNCTION chat_refusal(chat bigint, member_role text, permission text) RETURNS text
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
  END;
END
$$;
--> statement-breakpoint
-- Whether the chats of its type have threads or reactions.
CREATE FUNCTION chat_has(chat bigint, feature text) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (
    SELECT t.definition -> 'features' ->> feature IS DISTINCT FROM 'false'
    FROM chats c JOIN chat_types t ON t.type = c.type WHERE c.id = chat
  );
END
$$;
--> statement-breakpoint
-- What messages have that is not in their rows: {"reactions": {emoji: count}, "pinnedAt": ms or null, "thread": {"replies",
-- "lastReplyAt", "participants": [[id, username], ...]} or null}.
CREATE FUNCTION marks_of(chat bigint, seqs bigint[]) RETURNS TABLE (message bigint, marks json)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off
AS $$
BEGIN
  RETURN QUERY SELECT listed.seq, json_build_object(
    'reactions', (
      SELECT coalesce(json_object_agg(r.emoji, r.count ORDER BY r.first_seq), '{}')
      FROM reaction_counts r WHERE r.chat_id = chat AND r.seq = listed.seq
    ),
    'pinnedAt', (
      SELECT round(extract(epoch FROM p.pinned_at) * 1000) FROM pins p WHERE p.chat_id = chat AND p.seq = listed.seq
    ),
    'thread', (
      SELECT json_build_object(
        'replies', t.replies, 'lastReplyAt', round(extract(epoch FROM t.last_reply_at) * 1000),
        'participants', (
          SELECT coalesce(json_agg(json_build_array(u.id, u.username) ORDER BY array_position(t.participants, u.id)), '[]')
          FROM users u WHERE u.id = ANY (t.participants) AND u.deleted_at IS NULL
        )
      )
      FROM threads t WHERE t.chat_id = chat AND t.seq = listed.seq AND t.replies > 0
    )
  ) FROM unnest(seqs) listed(seq);
END
$$;
--> statement-breakpoint
-- Whom a mention is for, as "mentions" has it: the id of a member, or the mention itself for all members or those in a
-- role. Null when there is nobody of that name in the chat.
CREATE FUNCTION mention_target(chat bigint, mention text) RETURNS text
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  mentioned bigint;
BEGIN
  IF mention = '@all' THEN
    RETURN mention;
  ELSIF starts_with(mention, '@role:') THEN
    RETURN (
      SELECT mention FROM chats c JOIN chat_types t ON t.type = c.type WHERE c.id = chat
        AND t.definition -> 'roles' @> jsonb_build_array(jsonb_build_object('role', substr(mention, length('@role:') + 1)))
    );
  ELSIF mention ~ '^cf~[1-9][0-9]{0,15}$' THEN
    mentioned := substr(mention, length('cf~') + 1);
    IF EXISTS (SELECT FROM application_users a WHERE a.user_id = mentioned) THEN
      RETURN NULL;
    END IF;
  ELSE
    SELECT a.user_id INTO mentioned FROM application_users a WHERE a.external_id = mention;
  END IF;
  RETURN (SELECT p.user_id FROM participants p WHERE p.chat_id = chat AND p.user_id = mentioned);
END
$$;
--> statement-breakpoint
-- Takes the next seq of a locked chat for an event.
CREATE FUNCTION append_event(
  chat bigint, new_kind text, actor bigint, target bigint, event_data jsonb, key text, happened timestamptz
) RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  new_seq bigint;
BEGIN
  UPDATE chat_heads h SET last_seq = h.last_seq + 1 WHERE h.chat_id = chat RETURNING h.last_seq INTO new_seq;
  INSERT INTO chat_events (chat_id, seq, kind, actor_id, target_seq, data, created_at, event_key)
  VALUES (chat, new_seq, new_kind, actor, target, event_data, happened, key);
  RETURN new_seq;
END
$$;
--> statement-breakpoint
-- Notes that a message has marks, the first time.
CREATE FUNCTION mark_message(chat bigint, message bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE messages m SET extra = coalesce(m.extra, '{}') || '{"marks": true}'
  WHERE m.chat_id = chat AND m.seq = message AND m.deleted_at IS NULL AND m.extra -> 'marks' IS NULL;
END
$$;
--> statement-breakpoint
-- The outcome of a change of a message, with the message as it is now.
CREATE FUNCTION message_outcome(outcome text, event_seq bigint, happened timestamptz, message messages) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN jsonb_build_object(
    'outcome', outcome, 'seq', event_seq, 'at', round(extract(epoch FROM happened) * 1000),
    'targetSeq', message.seq, 'id', message.id, 'authorId', message.author_id,
    'username', (SELECT u.username FROM users u WHERE u.id = message.author_id),
    'text', message.body, 'postKey', message.post_key,
    'postedAt', round(extract(epoch FROM message.created_at) * 1000),
    'editedAt', round(extract(epoch FROM message.edited_at) * 1000),
    'deletedAt', round(extract(epoch FROM message.deleted_at) * 1000), 'version', coalesce(message.version, 1),
    'parentSeq', message.parent_seq, 'replyToSeq', message.reply_to_seq, 'extra', message.extra,
    'marks', CASE WHEN message.extra -> 'marks' IS NOT NULL
      THEN (SELECT m.marks FROM marks_of(message.chat_id, ARRAY[message.seq]) m) END
  );
END
$$;
--> statement-breakpoint
-- Stores a message with more than a text: see write_events.
CREATE FUNCTION write_message(change jsonb, head chat_heads, member participants) RETURNS jsonb
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

  IF parent IS NOT NULL THEN
    SELECT m.* INTO opener FROM messages m WHERE m.chat_id = chat AND m.seq = parent AND m.seq > member.from_seq;
    IF opener.seq IS NULL THEN
      RETURN jsonb_build_object('outcome', 'missing');
    ELSIF opener.parent_seq IS NOT NULL THEN
      RETURN jsonb_build_object('outcome', 'nested');
    ELSIF NOT chat_has(chat, 'threads') THEN
      RETURN jsonb_build_object('outcome', 'denied');
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
  RETURN message_outcome('stored', stored.seq, happened, stored);
END
$$;
--> statement-breakpoint
-- Takes everything from a message of a locked chat but its place, and what refers to it.
CREATE FUNCTION erase_message(message messages, happened timestamptz) RETURNS messages
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  chat bigint := message.chat_id;
  erased messages;
BEGIN
  UPDATE messages m SET body = '', deleted_at = happened, version = coalesce(m.version, 1) + 1, reply_to_seq = NULL,
    extra = NULL
  WHERE m.chat_id = chat AND m.seq = message.seq RETURNING m.* INTO erased;
  DELETE FROM message_versions v WHERE v.chat_id = chat AND v.seq = message.seq;
  IF message.extra -> 'marks' IS NOT NULL THEN
    DELETE FROM reactions r WHERE r.chat_id = chat AND r.seq = message.seq;
    DELETE FROM reaction_counts r WHERE r.chat_id = chat AND r.seq = message.seq;
    DELETE FROM pins p WHERE p.chat_id = chat AND p.seq = message.seq;
  END IF;
  IF message.extra -> 'mentions' IS NOT NULL THEN
    DELETE FROM mentions n WHERE n.chat_id = chat AND n.seq = message.seq AND n.target IN (
      SELECT CASE WHEN mention LIKE '@%' THEN mention WHEN mention LIKE 'cf~%' THEN substr(mention, length('cf~') + 1)
        ELSE (SELECT a.user_id::text FROM application_users a WHERE a.external_id = mention) END
      FROM jsonb_array_elements_text(message.extra -> 'mentions') mention
    );
  END IF;
  IF message.parent_seq IS NOT NULL THEN
    DELETE FROM thread_replies r WHERE r.chat_id = chat AND r.parent_seq = message.parent_seq AND r.seq = message.seq;
    UPDATE thread_followers f SET replies = f.replies - 1
    WHERE f.chat_id = chat AND f.parent_seq = message.parent_seq AND f.user_id = message.author_id;
    UPDATE threads t SET replies = t.replies - 1,
      last_reply_at = (
        SELECT m.created_at FROM messages m WHERE m.chat_id = chat AND m.seq = (
          SELECT max(r.seq) FROM thread_replies r WHERE r.chat_id = chat AND r.parent_seq = message.parent_seq
        )
      ),
      participants = CASE WHEN EXISTS (
        SELECT FROM thread_followers f
        WHERE f.chat_id = chat AND f.parent_seq = t.seq AND f.user_id = message.author_id AND f.replies > 0
      ) THEN t.participants ELSE array_remove(t.participants, message.author_id) END
    WHERE t.chat_id = chat AND t.seq = message.parent_seq;
  END IF;
  RETURN erased;
END
$$;
--> statement-breakpoint
-- Takes a reaction back, of which there is one, and appends the event.
CREATE FUNCTION remove_reaction(
  chat bigint, message bigint, actor bigint, old_emoji text, event_data jsonb, key text, happened timestamptz
) RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  DELETE FROM reactions r WHERE r.chat_id = chat AND r.seq = message AND r.user_id = actor AND r.emoji = old_emoji;
  DELETE FROM reaction_counts r WHERE r.chat_id = chat AND r.seq = message AND r.emoji = old_emoji AND r.count = 1;
  IF NOT FOUND THEN
    UPDATE reaction_counts r SET count = r.count - 1 WHERE r.chat_id = chat AND r.seq = message AND r.emoji = old_emoji;
  END IF;
  RETURN append_event(chat, 'reaction.removed', actor, message, event_data, key, happened);
END
$$;
--> statement-breakpoint
-- Stores a reaction, its end, a pin or its end. The caller has found the message and no event with that key.
CREATE FUNCTION write_mark(change jsonb, head chat_heads, member participants, target messages) RETURNS jsonb
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
        RETURN jsonb_build_object('outcome', 'denied');
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
-- Stores another text of a message, or its deletion. The caller has found the message and no event with that key.
CREATE FUNCTION write_edit(change jsonb, head chat_heads, member participants, target messages) RETURNS jsonb
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
-- Stores a change of a locked chat, unless something stands against it or it is stored already: see write_events.
CREATE FUNCTION write_change(change jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  chat bigint := change ->> 'c';
  actor bigint := change ->> 'a';
  action text := change ->> 'e';
  head chat_heads;
  member participants;
  target messages;
  prior chat_events;
  outcome jsonb;
BEGIN
  SELECT h.* INTO head FROM chat_heads h WHERE h.chat_id = chat;
  SELECT p.* INTO member FROM participants p WHERE p.chat_id = chat AND p.user_id = actor;
  IF head.chat_id IS NULL OR member.user_id IS DISTINCT FROM actor THEN
    RETURN jsonb_build_object('outcome', 'refused');
  ELSIF action = 'post' THEN
    RETURN write_message(change, head, member) || jsonb_build_object('membersVersion', head.members_version);
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
  ELSIF action IN ('edit', 'delete') THEN
    outcome := write_edit(change, head, member, target);
  ELSE
    outcome := write_mark(change, head, member, target);
  END IF;
  RETURN outcome || jsonb_build_object('membersVersion', head.members_version);
END
$$;
--> statement-breakpoint
-- Stores a batch of posts and changes in one transaction. The posts are those of post_messages; a chat has either posts
-- or changes in a batch, so that both keep their order.
--
-- changes: [{"o": position, "c": chat_id, "a": actor_id or null for an API key by itself, "y": the API key, "k": key that
-- a retry repeats, "e": action, ...}, ...] with the actions
--   "post":   "t": text, "p": parent, "q": quoted message, "mentions", "d": data; "k" is the post key
--   "edit":   "t": text, "d": data or null, both optional; "v": the version it must have; "max": versions to keep
--   "delete": "v"
--   "react", "unreact": "em": emoji; "max": different ones at the most
--   "pin", "unpin": "max": pins of the chat at the most
-- All but "post" have "s", the seq of the message, or "m", its id.
--
-- Answers {"posts": the answer of post_messages, "changes": [{"o", "outcome", ...}, ...]}. Outcomes: 'stored'; 'duplicate'
-- (the same key, stored before); 'unchanged' (nothing to store); 'conflict' (the same key, another change); 'refused' (no
-- such chat, or the actor is no participant); 'missing' (no such message in the chat, or none that the actor sees);
-- 'denied' (not in that role); 'frozen'; 'forbidden' (another author's); 'deleted' (a change of a deleted message); 'version'
-- (it has another one); 'closed'; 'nested' (the parent is in a thread itself); 'stranger' (a mention of nobody in the
-- chat); 'full' (as many as there may be).
CREATE OR REPLACE FUNCTION write_events(chats bigint[], posts json, changes json) RETURNS json
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
DECLARE
  stored json := '[]';
  outcomes jsonb[] := '{}';
  change jsonb;
BEGIN
  PERFORM 1 FROM chat_heads WHERE chat_id = ANY (chats) ORDER BY chat_id FOR NO KEY UPDATE;
  IF json_array_length(posts) > 0 THEN
    stored := post_messages(chats, posts);
  END IF;
  FOR change IN SELECT value FROM jsonb_array_elements(changes::jsonb) WITH ORDINALITY ORDER BY ordinality LOOP
    outcomes := outcomes || (write_change(change) || jsonb_build_object('o', change -> 'o'));
  END LOOP;
  RETURN json_build_object('posts', stored, 'changes', to_json(outcomes));
END
$$;
