-- As in 0030, and the event of an edit that was replaced keeps the fingerprint of the request ("rq": text and patch of the
-- data), so that a retry by its key with another request is refused.
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
      -- "true" is of an earlier build, which did not keep what was requested.
      IF change ? 'rq' AND prior.data -> 'rewritten' NOT IN ('true', to_jsonb(request_fingerprint(change -> 'rq'))) THEN
        RETURN jsonb_build_object('outcome', 'conflict');
      END IF;
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
    UPDATE chat_events ev SET data = coalesce(ev.data, '{}') || jsonb_build_object(
      'rewritten', coalesce(to_jsonb(request_fingerprint(change -> 'rq')), 'true')
    )
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
