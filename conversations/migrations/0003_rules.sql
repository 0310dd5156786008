-- The rules that the application's services follow too; tests compare the two.

CREATE FUNCTION memsync.new_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    -- UUIDv7 (RFC 9562 §5.7): milliseconds, then random bits; version bits 0100 become 0111.
    SELECT encode(set_bit(set_bit(overlay(
               uuid_send(gen_random_uuid()) PLACING substring(int8send(
                   (extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
               FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
$$;

CREATE FUNCTION memsync.without_private(said text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = public, pg_temp AS $$
DECLARE
    kept text; open_part text; pieces text[]; tags text[]; depth integer;
BEGIN
    -- Cutting a block out can join the halves of another tag, so it goes on a few times; what is
    -- still left then, from the first tag on, is private.
    FOR pass IN 1 .. 4 LOOP
        tags := ARRAY(SELECT m[1] FROM regexp_matches(said, '(</?private>)', 'gi') AS m);
        pieces := regexp_split_to_array(said, '</?private>', 'i');
        kept := ''; open_part := pieces[1]; depth := 0;
        FOR i IN 1 .. cardinality(tags) LOOP
            IF tags[i] NOT LIKE '</%' THEN
                kept := kept || CASE WHEN depth = 0 THEN open_part ELSE '' END;
                open_part := ''; depth := depth + 1;
            ELSIF depth > 0 THEN
                open_part := ''; depth := depth - 1;
            ELSE
                open_part := open_part || tags[i];
            END IF;
            IF depth = 0 THEN
                open_part := open_part || pieces[i + 1];
            END IF;
        END LOOP;
        kept := kept || CASE WHEN depth = 0 THEN open_part ELSE '' END;
        IF kept = said THEN
            RETURN said;
        END IF;
        said := kept;
    END LOOP;
    RETURN (regexp_split_to_array(said, '<private>', 'i'))[1];
END $$;

CREATE FUNCTION memsync.clean(value jsonb, depth integer DEFAULT 0) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = public, pg_temp AS $$
BEGIN
    IF depth > 32 THEN
        RAISE EXCEPTION 'Metadata is deeper than 32' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN CASE jsonb_typeof(value)
        WHEN 'string' THEN to_jsonb(memsync.without_private(value #>> '{}'))
        WHEN 'array' THEN (
            SELECT coalesce(jsonb_agg(memsync.clean(e, depth + 1) ORDER BY place), '[]')
              FROM jsonb_array_elements(value) WITH ORDINALITY AS a(e, place))
        WHEN 'object' THEN (
            SELECT coalesce(jsonb_object_agg(memsync.without_private(key), memsync.clean(e, depth + 1)), '{}')
              FROM jsonb_each(value) AS o(key, e))
        ELSE value END;
END $$;

CREATE FUNCTION memsync.clean_metadata(metadata jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
DECLARE
    cleaned jsonb := memsync.clean(coalesce(metadata, '{}'));
BEGIN
    IF jsonb_typeof(cleaned) <> 'object' THEN
        RAISE EXCEPTION 'Metadata must be an object' USING ERRCODE = 'invalid_parameter_value';
    ELSIF octet_length(cleaned::text) > 16384 THEN
        RAISE EXCEPTION 'Metadata is over 16 KiB' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN cleaned;
END $$;

CREATE FUNCTION memsync.clean_line(line text, name text, longest integer) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
DECLARE
    cleaned text := coalesce(memsync.without_private(line), '');
BEGIN
    IF length(cleaned) > longest THEN
        RAISE EXCEPTION '% is over % characters', name, longest
            USING ERRCODE = 'string_data_right_truncation';
    ELSIF memsync.has_controls(cleaned) THEN
        RAISE EXCEPTION '% must not have control characters', name
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN cleaned;
END $$;

CREATE FUNCTION memsync.scope_key(scope jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN octet_length(joined) <= 400 THEN joined
                ELSE '#' || encode(sha256(convert_to(joined, 'UTF8')), 'hex') END
      FROM (SELECT coalesce(string_agg(t.key || '=' || t.value, E'\n' ORDER BY t.key COLLATE "C"), '')
                   AS joined
              FROM jsonb_each_text(scope) t) AS tags
$$;

CREATE FUNCTION memsync.named_user(tenant uuid, scope jsonb) RETURNS uuid
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    found uuid;
BEGIN
    -- The person whom the scope names, made by the first write that names them.
    SELECT u.id INTO found FROM accounts_user u
     WHERE u.tenant_id = tenant AND u.external_id = scope ->> 'user';
    IF found IS NULL AND scope ? 'user' THEN
        INSERT INTO accounts_user (id, tenant_id, external_id, name, role, tags, is_active,
                                   is_staff, is_superuser, password, created_at)
        VALUES (memsync.new_id(), tenant, scope ->> 'user', '', 'user', '{}', true, false, false, '!', now())
        -- A key column here would lock out the foreign keys of others, and deadlock.
        ON CONFLICT (tenant_id, external_id) DO UPDATE SET role = accounts_user.role
        RETURNING id INTO found;
    END IF;
    RETURN found;
END $$;

CREATE FUNCTION memsync.find_session(me memsync.who, session uuid) RETURNS conversations_conversation
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    found conversations_conversation;
BEGIN
    SELECT * INTO found FROM conversations_conversation c
     WHERE c.project_id = me.project_id AND c.id = session AND c.deleted_at IS NULL
       AND NOT memsync.contradicts(me.scope, c.scope);
    IF found.pk IS NULL THEN
        RAISE EXCEPTION 'Session not found' USING ERRCODE = 'no_data_found';
    END IF;
    RETURN found;
END $$;

CREATE FUNCTION memsync.refuse_unless_writable(me memsync.who, scope jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT scope @> me.scope OR (scope = '{}' AND NOT me.is_owner) THEN
        RAISE EXCEPTION 'These credentials may not write %',
            CASE scope WHEN '{}' THEN 'for everybody: name a scope in use_project' ELSE 'here' END
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

CREATE FUNCTION memsync.line_of(conversation bigint)
RETURNS TABLE (pk bigint, first integer, last integer, up integer, ids uuid[], names text[])
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    -- The conversation (up = 0) and its ancestors, each with the positions that it contributes,
    -- and the way from it down to the conversation.
    WITH RECURSIVE line AS (
        SELECT c.pk, c.forked_from_id, coalesce(c.fork_seq, 0) AS above, 2147483647 AS upto, 0 AS up,
               ARRAY[c.id] AS ids, ARRAY[coalesce(nullif(c.title, ''), c.id::text)] AS names
          FROM conversations_conversation c WHERE c.pk = conversation
        UNION ALL
        SELECT p.pk, p.forked_from_id, coalesce(p.fork_seq, 0), least(line.upto, line.above),
               line.up + 1, p.id || line.ids, coalesce(nullif(p.title, ''), p.id::text) || line.names
          FROM line JOIN conversations_conversation p ON p.pk = line.forked_from_id
    )
    SELECT l.pk, l.above + 1, l.upto, l.up, l.ids, l.names FROM line l
$$;

CREATE FUNCTION memsync.find_turn(conversation bigint, wanted uuid) RETURNS conversations_turn
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT t.* FROM conversations_turn t JOIN memsync.line_of(conversation) l
        ON t.conversation_id = l.pk AND t.seq BETWEEN l.first AND l.last
     WHERE t.id = wanted
$$;
