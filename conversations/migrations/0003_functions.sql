-- What SQL users call. Each runs as memsync_runtime under row-level security, between
-- memsync.enter() and memsync.leave().

CREATE FUNCTION memsync.create_session(title text, metadata jsonb DEFAULT '{}') RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    me memsync.who;
    name text := memsync.clean_line(title, 'The title', 300);
    kept jsonb := memsync.clean_metadata(metadata);
    made uuid := memsync.new_id();
BEGIN
    IF btrim(name) = '' THEN
        RAISE EXCEPTION 'Session title cannot be empty' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM memsync.check_session_fields(kept);
    me := memsync.enter();
    PERFORM memsync.refuse_unless_writable(me, me.scope);
    INSERT INTO conversations_conversation (
        id, tenant_id, project_id, user_id, scope, scope_key, title, kind, status, metadata, members,
        speakers, created_by, fork_reason, next_seq, created_at, last_activity_at)
    VALUES (made, me.tenant_id, me.project_id, memsync.named_user(me.tenant_id, me.scope), me.scope,
            memsync.scope_key(me.scope), name, coalesce(kept ->> 'type', 'chat'),
            coalesce(kept ->> 'status', 'active'), kept - '{type,status,members}'::text[],
            coalesce(kept -> 'members', '[]'), '{}', left(session_user::text, 200), '', 1,
            clock_timestamp(), clock_timestamp());
    PERFORM memsync.leave(me);
    RETURN made;
END $$;

CREATE FUNCTION memsync.check_session_fields(metadata jsonb) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
DECLARE
    members jsonb := coalesce(metadata -> 'members', '[]');
BEGIN
    -- type, status and members are columns of their own.
    IF metadata ->> 'type' !~ '^[a-z][a-z0-9_-]{0,31}$' THEN
        RAISE EXCEPTION 'type is a-z, 0-9, - and _, not %', metadata -> 'type'
            USING ERRCODE = 'invalid_parameter_value';
    ELSIF metadata ->> 'status' NOT IN ('active', 'archived', 'closed') THEN
        RAISE EXCEPTION 'status is active, archived or closed, not %', metadata -> 'status'
            USING ERRCODE = 'invalid_parameter_value';
    ELSIF jsonb_typeof(members) <> 'array' OR jsonb_array_length(members) > 100
       OR EXISTS (SELECT FROM jsonb_array_elements(members) m
                   WHERE jsonb_typeof(m) <> 'string' OR length(m #>> '{}') NOT BETWEEN 1 AND 200
                      OR memsync.has_controls(m #>> '{}')) THEN
        RAISE EXCEPTION 'members is a list of at most 100 names'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
END $$;

CREATE FUNCTION memsync.add_message_to_session(
    session uuid, sender text, content text, metadata jsonb DEFAULT '{}', parent uuid DEFAULT NULL
) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    me memsync.who; into_session conversations_conversation; reply_to conversations_turn; made uuid;
    speaker text := memsync.clean_line(sender, 'The sender', 200);
    said text := coalesce(memsync.without_private(content), '');
    kept jsonb := memsync.clean_metadata(metadata);
    its_role text := coalesce(kept ->> 'role', CASE WHEN speaker IN ('user', 'assistant', 'system', 'tool')
                                                    THEN speaker ELSE 'user' END);
BEGIN
    IF length(said) > 1000000 THEN
        RAISE EXCEPTION 'The content is over 1000000 characters'
            USING ERRCODE = 'string_data_right_truncation';
    ELSIF its_role NOT IN ('user', 'assistant', 'system', 'tool') THEN
        RAISE EXCEPTION 'role is user, assistant, system or tool, not %', its_role
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    me := memsync.enter();
    into_session := memsync.find_session(me, session);
    PERFORM memsync.refuse_unless_writable(me, into_session.scope);
    IF parent IS NOT NULL THEN
        reply_to := memsync.find_turn(into_session.pk, parent);
        IF reply_to.pk IS NULL THEN
            RAISE EXCEPTION 'The parent is not in this session' USING ERRCODE = 'no_data_found';
        END IF;
    END IF;
    made := memsync.append(
        into_session.pk, its_role, CASE WHEN speaker = its_role THEN '' ELSE speaker END, said, reply_to.pk,
        kept - '{role,sent_at}'::text[], (kept ->> 'sent_at')::timestamptz);
    PERFORM memsync.leave(me);
    RETURN made;
END $$;

CREATE FUNCTION memsync.append(
    conversation bigint, its_role text, speaker text, said text, reply_to bigint, kept jsonb,
    said_at timestamptz
) RETURNS uuid
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    head record; heard text[]; made uuid := memsync.new_id();
BEGIN
    -- The counter's row lock is held to the commit: positions are gap-free and equal commit order.
    UPDATE conversations_conversation c
       SET next_seq = c.next_seq + 1, last_activity_at = clock_timestamp(),
           speakers = CASE WHEN speaker = '' OR speaker = ANY (c.speakers) OR cardinality(c.speakers) > 99
                           THEN c.speakers ELSE c.speakers || speaker END
     WHERE c.pk = conversation AND c.status = 'active' AND c.deleted_at IS NULL
    RETURNING c.*, c.next_seq - 1 AS seq INTO head;
    IF head.pk IS NULL THEN
        RAISE EXCEPTION 'The session is not active' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    heard := ARRAY(SELECT left(b.words, 20000) FROM memsync_said_before(head.pk, head.seq, 2) b ORDER BY b.seq);
    INSERT INTO conversations_turn (
        id, tenant_id, project_id, user_id, scope_key, conversation_id, seq, role, content, sender,
        parent_id, metadata, occurred_at, created_at, appended_at_trace, search)
    SELECT made, head.tenant_id, head.project_id, head.user_id, head.scope_key, head.pk, head.seq,
           its_role, said, speaker, reply_to, kept, said_at, clock_timestamp(), coalesce(n.traces, 0),
           setweight(to_tsvector(p.search_config::regconfig,
                                 concat_ws(' ', speaker, left(said, 100000))), 'A')
           || to_tsvector(p.search_config::regconfig, array_to_string(heard, ' '))
      FROM accounts_project p LEFT JOIN accounts_projectcounter n ON n.project_id = p.id
     WHERE p.id = head.project_id;
    RETURN made;
END $$;

CREATE FUNCTION memsync.fork_session(session uuid, title text DEFAULT NULL, metadata jsonb DEFAULT '{}')
RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    me memsync.who; origin conversations_conversation; fork_point integer; made uuid := memsync.new_id();
    name text := memsync.clean_line(title, 'The title', 300);
    kept jsonb := memsync.clean_metadata(metadata);
    why text := memsync.clean_line(kept ->> 'reason', 'The reason', 300);
BEGIN
    me := memsync.enter();
    origin := memsync.find_session(me, session);
    PERFORM memsync.refuse_unless_writable(me, origin.scope);
    -- Locked, so that the head is exact and the parent cannot be deleted meanwhile.
    SELECT * INTO origin FROM conversations_conversation c WHERE c.pk = origin.pk FOR NO KEY UPDATE;
    IF origin.deleted_at IS NOT NULL THEN
        RAISE EXCEPTION 'Session not found' USING ERRCODE = 'no_data_found';
    END IF;
    fork_point := CASE WHEN kept ->> 'parent_message_id' IS NULL THEN origin.next_seq - 1
                       ELSE (memsync.find_turn(origin.pk, (kept ->> 'parent_message_id')::uuid)).seq END;
    IF fork_point IS NULL THEN
        RAISE EXCEPTION 'parent_message_id is not in this session' USING ERRCODE = 'no_data_found';
    END IF;
    INSERT INTO conversations_conversation (
        id, tenant_id, project_id, user_id, scope, scope_key, title, kind, status, metadata, members,
        speakers, created_by, forked_from_id, fork_seq, fork_reason, next_seq, created_at, last_activity_at)
    VALUES (made, origin.tenant_id, origin.project_id, origin.user_id, origin.scope, origin.scope_key,
            CASE WHEN btrim(name) <> '' THEN name
                 ELSE left('Fork of ' || coalesce(nullif(origin.title, ''), 'Conversation ' || origin.id), 300) END,
            origin.kind, 'active', kept - '{parent_message_id,reason}'::text[], origin.members,
            origin.speakers, left(session_user::text, 200), origin.pk, fork_point, why, fork_point + 1,
            clock_timestamp(), clock_timestamp());
    PERFORM memsync.leave(me);
    RETURN made;
END $$;

CREATE FUNCTION memsync.get_session_messages(session uuid)
RETURNS TABLE (message_id uuid, content text, role text, sender text, fork_depth integer, "position" integer,
               session_id uuid, fork_chain uuid[], parent_id uuid, metadata jsonb, sent_at timestamptz,
               fork_info text, is_redacted boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me memsync.who; found conversations_conversation;
BEGIN
    me := memsync.enter();
    found := memsync.find_session(me, session);
    RETURN QUERY
    SELECT t.id, t.content, t.role::text, t.sender::text, l.up, t.seq, l.ids[1], l.ids, r.id, t.metadata,
           coalesce(t.occurred_at, t.created_at),
           CASE WHEN l.up > 0 THEN '(from: ' || array_to_string(l.names, ' → ') || ')' ELSE '' END,
           t.redacted_at IS NOT NULL
      FROM memsync.line_of(found.pk) l
      JOIN conversations_turn t ON t.conversation_id = l.pk AND t.seq BETWEEN l.first AND l.last
      LEFT JOIN conversations_turn r ON r.pk = t.parent_id
     ORDER BY t.seq;
    PERFORM memsync.leave(me);
END $$;

CREATE FUNCTION memsync.get_formatted_conversation(session uuid, include_metadata boolean DEFAULT false)
RETURNS TABLE (speaker text, message text, fork_info text, message_id uuid, session_id uuid,
               message_metadata jsonb, message_timestamptz timestamptz)
LANGUAGE sql AS $$
    SELECT coalesce(nullif(m.sender, ''), m.role) || ': ',
           CASE WHEN m.is_redacted THEN '[redacted]' ELSE m.content END, m.fork_info, m.message_id,
           m.session_id, CASE WHEN include_metadata THEN m.metadata END, m.sent_at
      FROM memsync.get_session_messages(session) m ORDER BY m."position"
$$;

CREATE FUNCTION memsync.get_conversation_text(session uuid, include_metadata boolean DEFAULT false)
RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(
               concat_ws(' ', c.speaker || c.message, nullif(c.fork_info, ''), c.message_metadata::text) || E'\n',
               '' ORDER BY c.place), '')
      FROM memsync.get_formatted_conversation(session, include_metadata) WITH ORDINALITY
           AS c(speaker, message, fork_info, message_id, session_id, message_metadata, said_at, place)
$$;

CREATE FUNCTION memsync.session_tree(session uuid)
RETURNS TABLE (id uuid, title text, parent_id uuid, level integer, fork_seq integer, status text,
               created_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me memsync.who; found conversations_conversation;
BEGIN
    me := memsync.enter();
    found := memsync.find_session(me, session);
    RETURN QUERY
    WITH RECURSIVE up AS (
        SELECT found.pk AS pk, found.forked_from_id AS above
        UNION ALL
        SELECT p.pk, p.forked_from_id FROM up JOIN conversations_conversation p ON p.pk = up.above
    ), down AS (
        SELECT up.pk, 1 AS level FROM up WHERE up.above IS NULL
        UNION ALL
        SELECT c.pk, down.level + 1
          FROM down JOIN conversations_conversation c ON c.forked_from_id = down.pk
    )
    SELECT c.id, c.title::text, p.id, down.level, c.fork_seq, c.status::text, c.created_at
      FROM down JOIN conversations_conversation c ON c.pk = down.pk
      LEFT JOIN conversations_conversation p ON p.pk = c.forked_from_id
     WHERE c.deleted_at IS NULL
     ORDER BY down.level, c.created_at, c.pk;
    PERFORM memsync.leave(me);
END $$;
