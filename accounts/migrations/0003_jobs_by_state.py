"""The queue's size for `/metrics`, without the queue's rows."""

from django.db import migrations

from memsync.common import walls

# Bounded: of a queue that ran over, the first 100,000 jobs are counted.
COUNT = """
CREATE FUNCTION memsync_jobs_by_state() RETURNS TABLE (state text, jobs bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT known.state::text, count(job.status)
      FROM unnest(enum_range(NULL::procrastinate_job_status)) AS known(state)
      LEFT JOIN (SELECT status FROM procrastinate_jobs LIMIT 100000) AS job
             ON job.status = known.state
     GROUP BY known.state
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_walls"),
        ("procrastinate", "0041_post_retry_failed_job"),
    ]

    operations = [
        migrations.RunSQL(COUNT, "DROP FUNCTION memsync_jobs_by_state()"),
        walls.runtime_only("memsync_jobs_by_state()"),
    ]
