"""Stored turns get the index of 0006, some thousands a transaction; cut off, it starts again."""

from django.db import migrations, transaction

ROWS = 5000
# As `conversations.redaction` makes it.
INDEX = """
UPDATE conversations_turn t
   SET search = memsync_words_of_turn(
           project.search_config::regconfig, t.sender, t.content,
           coalesce(t.occurred_at, t.created_at),
           (SELECT string_agg(words, ' ' ORDER BY seq)
              FROM memsync_said_before(t.conversation_id, t.seq, 2)))
  FROM accounts_project project
 WHERE project.id = t.project_id AND t.pk >= %s AND t.pk < %s AND t.redacted_at IS NULL
"""


def index_turns(apps, schema_editor):
    """About a minute for 200,000 turns."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(pk), 0) FROM conversations_turn")
        [last] = cursor.fetchone()
        for first in range(0, last + 1, ROWS):
            with transaction.atomic(using=connection.alias):
                cursor.execute(INDEX, [first, first + ROWS])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("conversations", "0006_words_of_turns")]

    operations = [migrations.RunPython(index_turns, migrations.RunPython.noop)]
