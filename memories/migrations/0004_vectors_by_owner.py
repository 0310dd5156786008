"""An index that holds the vectors themselves, so an owner's are read side by side.

In the table they lie in the order in which they were made: to compare 3,000 of them there costs 3,000
pages. Insertions are vacuumed early, as an index alone answers only for pages known to be visible.
"""

from django.db import migrations

FORWARD = """
CREATE INDEX vector_of_owner ON memories_vector (project_id, scope_key)
    INCLUDE (tenant_id, user_id, turn_id, memory_id, model, embedding)
    WHERE observation_id IS NULL AND vector_dims(embedding) <= 768;
ALTER TABLE memories_vector SET (autovacuum_vacuum_insert_scale_factor = 0.02);
"""
BACKWARD = """
ALTER TABLE memories_vector RESET (autovacuum_vacuum_insert_scale_factor);
DROP INDEX vector_of_owner;
"""


class Migration(migrations.Migration):
    dependencies = [("memories", "0003_uncertainty_desk")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
