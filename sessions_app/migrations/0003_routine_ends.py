"""Old routine among the security events may go: a signed-in app leaves one every few minutes.

Which events and from what age is the database's rule, and stays it for the owner too.
"""

from django.db import migrations, models

# The kinds are those of `sessions_app.models.ROUTINE`.
ROUTINE_ENDS = """
DROP TRIGGER sessions_app_securityevent_append_only ON sessions_app_securityevent;
CREATE TRIGGER sessions_app_securityevent_append_only BEFORE UPDATE ON sessions_app_securityevent
    FOR EACH ROW EXECUTE FUNCTION memsync_refuse_write();
CREATE TRIGGER sessions_app_securityevent_stays BEFORE DELETE ON sessions_app_securityevent
    FOR EACH ROW
    WHEN (OLD.kind NOT IN ('refresh_rotated', 'refresh_race', 'refresh_retry')
          OR OLD.at > clock_timestamp() - interval '90 days')
    EXECUTE FUNCTION memsync_refuse_write();
"""
ROUTINE_STAYS = """
DROP TRIGGER sessions_app_securityevent_stays ON sessions_app_securityevent;
DROP TRIGGER sessions_app_securityevent_append_only ON sessions_app_securityevent;
CREATE TRIGGER sessions_app_securityevent_append_only
    BEFORE UPDATE OR DELETE ON sessions_app_securityevent
    FOR EACH ROW EXECUTE FUNCTION memsync_refuse_write();
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0002_walls")]

    operations = [
        migrations.AddIndex(
            model_name="securityevent",
            index=models.Index(
                condition=models.Q(
                    ("kind__in", ["refresh_race", "refresh_retry", "refresh_rotated"])
                ),
                fields=["at"],
                name="event_routine_by_age",
            ),
        ),
        migrations.RunSQL(ROUTINE_ENDS, ROUTINE_STAYS),
    ]
