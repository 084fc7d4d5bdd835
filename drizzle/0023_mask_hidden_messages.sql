-- The users who have deleted a message for themselves.
CREATE INDEX "hidden_messages_message" ON "hidden_messages" USING btree ("chat_id","seq");
--> statement-breakpoint
-- As in 0015, and a stored change has "hiddenFrom": the users who have deleted the message for themselves; missing when
-- there are none, as a rule.
CREATE OR REPLACE FUNCTION write_change(change jsonb) RETURNS jsonb
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
  hidden_from jsonb;
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
  IF outcome ->> 'outcome' = 'stored' THEN
    SELECT jsonb_agg(h.user_id) INTO hidden_from FROM hidden_messages h WHERE h.chat_id = chat AND h.seq = target.seq;
    IF hidden_from IS NOT NULL THEN
      outcome := outcome || jsonb_build_object('hiddenFrom', hidden_from);
    END IF;
  END IF;
  RETURN outcome || jsonb_build_object('membersVersion', head.members_version);
END
$$;
