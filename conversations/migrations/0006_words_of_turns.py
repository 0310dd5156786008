"""A turn is indexed with its day, and with the end of the two turns before rather than all of them.

One function says so for appends, redaction and the SQL interface. A long answer would spill into
the turns that follow it, and "in May" is asked of what never says May. Turns that are stored get
their new index in 0007.
"""

from django.db import migrations

LONGEST_BEFORE = 300
"""Characters of a turn that those after it are indexed with: its last ones, whole words."""

FUNCTIONS = """
CREATE OR REPLACE FUNCTION memsync_end_of_turn(speaker text, said text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT concat_ws(' ', speaker, CASE WHEN length(said) <= {longest} THEN said
        ELSE regexp_replace(right(said, {longest}), '^\\S+\\s', '') END)
$$;
CREATE OR REPLACE FUNCTION memsync_words_of_turn(
    config regconfig, speaker text, said text, said_at timestamptz, before text
) RETURNS tsvector LANGUAGE sql STABLE AS $$
    SELECT setweight(to_tsvector(config, concat_ws(' ', speaker, left(said, 100000),
        CASE WHEN said <> '' THEN to_char(said_at AT TIME ZONE 'UTC', 'FMDD FMMonth YYYY') END)), 'A')
        || to_tsvector(config, coalesce(before, ''))
$$;
""".replace("{longest}", str(LONGEST_BEFORE))
NO_FUNCTIONS = """
DROP FUNCTION memsync_words_of_turn(regconfig, text, text, timestamptz, text);
DROP FUNCTION memsync_end_of_turn(text, text);
"""

# As in 0004_hidden_turns, but for the words.
SAID_BEFORE = """
CREATE OR REPLACE FUNCTION memsync_said_before(conversation bigint, place integer, wanted integer)
RETURNS TABLE (seq integer, words text) LANGUAGE plpgsql VOLATILE
SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH RECURSIVE line AS (
        SELECT c.pk, c.forked_from_id, coalesce(c.fork_seq, 0) AS above, place - 1 AS upto
          FROM conversations_conversation c WHERE c.pk = conversation
        UNION ALL
        SELECT p.pk, p.forked_from_id, coalesce(p.fork_seq, 0), least(line.upto, line.above)
          FROM line JOIN conversations_conversation p ON p.pk = line.forked_from_id
         WHERE line.above >= place - wanted
    )
    SELECT t.seq, {words}
      FROM line JOIN conversations_turn t ON t.conversation_id = line.pk
       AND t.seq > line.above AND t.seq <= line.upto AND t.seq >= place - wanted
       AND t.hidden_at IS NULL AND NOT coalesce(0 = ANY (t.hidden_items), false);
END $$;
"""
END_OF_TURN = "memsync_end_of_turn(t.sender, t.content)"
WHOLE_TURN = "concat_ws(' ', t.sender, left(t.content, 20000))"

# As in 0003_functions.sql, but for the index.
APPEND = """
CREATE OR REPLACE FUNCTION memsync.append(
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
           speakers = CASE
               WHEN speaker = '' OR speaker = ANY (c.speakers) OR cardinality(c.speakers) > 99
               THEN c.speakers ELSE c.speakers || speaker END
     WHERE c.pk = conversation AND c.status = 'active' AND c.deleted_at IS NULL
    RETURNING c.*, c.next_seq - 1 AS seq INTO head;
    IF head.pk IS NULL THEN
        RAISE EXCEPTION 'The session is not active'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    heard := ARRAY(SELECT left(b.words, 20000)
                     FROM memsync_said_before(head.pk, head.seq, 2) b ORDER BY b.seq);
    INSERT INTO conversations_turn (
        id, tenant_id, project_id, user_id, scope_key, conversation_id, seq, role, content, sender,
        parent_id, metadata, occurred_at, created_at, appended_at_trace, search)
    SELECT made, head.tenant_id, head.project_id, head.user_id, head.scope_key, head.pk, head.seq,
           its_role, said, speaker, reply_to, kept, said_at, clock_timestamp(),
           coalesce(n.traces, 0), {index}
      FROM accounts_project p LEFT JOIN accounts_projectcounter n ON n.project_id = p.id
     WHERE p.id = head.project_id;
    RETURN made;
END $$;
"""
WITH_DAY = """memsync_words_of_turn(
               p.search_config::regconfig, speaker, said, coalesce(said_at, clock_timestamp()),
               array_to_string(heard, ' '))"""
WITHOUT_DAY = """setweight(to_tsvector(
               p.search_config::regconfig, concat_ws(' ', speaker, left(said, 100000))), 'A')
           || to_tsvector(p.search_config::regconfig, array_to_string(heard, ' '))"""


class Migration(migrations.Migration):
    dependencies = [("conversations", "0005_checkpoints")]

    operations = [
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        migrations.RunSQL(
            SAID_BEFORE.replace("{words}", END_OF_TURN), SAID_BEFORE.replace("{words}", WHOLE_TURN)
        ),
        migrations.RunSQL(
            APPEND.replace("{index}", WITH_DAY), APPEND.replace("{index}", WITHOUT_DAY)
        ),
    ]
