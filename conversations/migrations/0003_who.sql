-- Who a SQL user is: a database login, let into projects by `manage.py allow_sql_login`, says with
-- memsync.use_project where it works. Functions ask memsync.caller() each time, so that a setting
-- made by hand opens nothing. `session_user` is the login, whatever SET ROLE says.

CREATE TYPE memsync.who AS (
    tenant_id uuid, project_id uuid, scope jsonb, is_owner boolean, tenant_before text);

CREATE FUNCTION memsync.floor_of(project uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    -- NULL: this login has no business there. The owner (here current_user) may go anywhere.
    SELECT coalesce(
        (SELECT l.floor FROM accounts_sqllogin l
          WHERE l.project_id = project AND l.role_name = session_user),
        CASE WHEN pg_has_role(session_user, current_user, 'MEMBER') THEN '{}'::jsonb END)
$$;

CREATE FUNCTION memsync.read_tags(tags text[]) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
DECLARE
    tag text; tag_key text; tag_value text; scope jsonb := '{}';
BEGIN
    FOREACH tag IN ARRAY coalesce(tags, '{}') LOOP
        tag_key := split_part(tag, '=', 1);
        tag_value := substr(tag, length(tag_key) + 2);
        IF tag IS NULL OR tag_key !~ '^[a-z][a-z0-9_]{0,31}$'
           OR length(tag_value) NOT BETWEEN 1 AND 128 OR memsync.has_controls(tag_value) THEN
            RAISE EXCEPTION 'a tag is key=value, not %', coalesce(quote_literal(left(tag, 64)), 'NULL')
                USING ERRCODE = 'invalid_parameter_value';
        ELSIF scope ->> tag_key <> tag_value THEN
            RAISE EXCEPTION '% is given two values', tag_key
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        scope := scope || jsonb_build_object(tag_key, tag_value);
    END LOOP;
    IF (SELECT count(*) FROM jsonb_object_keys(scope)) > 8 THEN
        RAISE EXCEPTION 'at most 8 tags with the floor' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN scope;
END $$;

CREATE FUNCTION memsync.has_controls(line text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT line ~ '[\u0001-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]'
$$;

CREATE FUNCTION memsync.contradicts(one jsonb, other jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT EXISTS (SELECT FROM jsonb_each_text(one) t WHERE other ->> t.key <> t.value)
$$;

CREATE FUNCTION memsync.use_project(
    tenant text, project text, scope text[] DEFAULT '{}', is_local boolean DEFAULT false
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found uuid; floor jsonb; asked jsonb := memsync.read_tags(scope);
BEGIN
    SELECT p.id INTO found FROM accounts_project p JOIN accounts_tenant t ON t.id = p.tenant_id
     WHERE t.slug = tenant AND (p.slug = project OR p.id::text = project);
    floor := memsync.floor_of(found);
    IF floor IS NULL THEN
        RAISE EXCEPTION 'There is no project %/% for %', tenant, project, session_user
            USING ERRCODE = 'no_data_found';
    ELSIF memsync.contradicts(asked, floor) THEN
        RAISE EXCEPTION 'The scope contradicts the floor of %', session_user
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM memsync.read_tags(ARRAY(
        SELECT t.key || '=' || t.value FROM jsonb_each_text(floor || asked) t));
    PERFORM set_config('memsync.sql_project', found::text, is_local),
            set_config('memsync.sql_scope', (floor || asked)::text, is_local);
END $$;

CREATE FUNCTION memsync.caller() RETURNS memsync.who
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me memsync.who; floor jsonb;
BEGIN
    me.project_id := nullif(current_setting('memsync.sql_project', true), '')::uuid;
    me.scope := nullif(current_setting('memsync.sql_scope', true), '')::jsonb;
    floor := memsync.floor_of(me.project_id);
    IF floor IS NULL OR me.scope IS NULL OR NOT me.scope @> floor
       OR me.scope <> memsync.read_tags(ARRAY(
              SELECT t.key || '=' || t.value FROM jsonb_each_text(me.scope) t)) THEN
        RAISE EXCEPTION 'Say where you work: SELECT memsync.use_project(tenant, project, scope)'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT p.tenant_id INTO STRICT me.tenant_id FROM accounts_project p WHERE p.id = me.project_id;
    me.is_owner := pg_has_role(session_user, current_user, 'MEMBER');
    RETURN me;
END $$;

CREATE FUNCTION memsync.enter() RETURNS memsync.who LANGUAGE plpgsql AS $$
DECLARE
    me memsync.who := memsync.caller();
BEGIN
    -- Row-level security lets this tenant's rows through from the next statement on.
    me.tenant_before := coalesce(current_setting('memsync.tenant_id', true), '');
    PERFORM set_config('memsync.tenant_id', me.tenant_id::text, true);
    RETURN me;
END $$;

CREATE FUNCTION memsync.leave(me memsync.who) RETURNS void LANGUAGE sql AS $$
    -- An error puts it back too, with the transaction. (SET on the functions would do both, but
    -- only a superuser may put a setting of ours there.)
    SELECT set_config('memsync.tenant_id', me.tenant_before, true)
$$;
