"""Turns, and single items of turns, that readers of a conversation no longer see."""

import django.contrib.postgres.fields
from django.db import migrations, models

# As in 0002_walls, and hidden words are nobody's neighbors: a turn is not found by those before it.
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
    SELECT t.seq, concat_ws(' ', t.sender, left(t.content, 20000))
      FROM line JOIN conversations_turn t ON t.conversation_id = line.pk
       AND t.seq > line.above AND t.seq <= line.upto AND t.seq >= place - wanted{shown};
END $$;
"""
SHOWN = """
       AND t.hidden_at IS NULL AND NOT coalesce(0 = ANY (t.hidden_items), false)"""


class Migration(migrations.Migration):
    dependencies = [("conversations", "0003_sql_interface")]

    operations = [
        migrations.AddField(
            model_name="turn",
            name="hidden_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="turn",
            name="hidden_items",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.SmallIntegerField(), blank=True, null=True, size=None
            ),
        ),
        migrations.RunSQL(
            SAID_BEFORE.replace("{shown}", SHOWN), SAID_BEFORE.replace("{shown}", "")
        ),
    ]
