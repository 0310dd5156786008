"""Which logins of the database may use the SQL interface, where, and within which floor."""

from __future__ import annotations

from django.db import connection, transaction
from psycopg import sql

from accounts import audit
from accounts.models import Project, SqlLogin
from accounts.scope import Scope, add_tags, tags
from memsync.common.errors import BadRequest, NotFound

ROLE = "memsync_sql"


def allow_sql_login(*, project: Project, role_name: str, floor: Scope | None = None) -> SqlLogin:
    """Let a login into a project; a second time sets another floor.

    Runs as the owner of the database. Raises BadRequest for a role that the database does not know.
    """
    floor = add_tags({}, floor or {})
    with transaction.atomic():
        _grant(role_name)
        login, _ = SqlLogin.objects.update_or_create(
            project=project,
            role_name=role_name,
            defaults={"tenant_id": project.tenant_id, "floor": floor},
        )
        audit.record(None, "sql_login.allowed", target=login, role=role_name, floor=tags(floor))
    return login


def refuse_sql_login(*, project: Project, role_name: str) -> None:
    """Take a login out of a project, from its next call on. Raises NotFound."""
    with transaction.atomic():
        login = SqlLogin.objects.filter(project=project, role_name=role_name).first()
        if login is None:
            raise NotFound(f"{role_name} is not in this project.")
        audit.record(None, "sql_login.refused", target=login, role=role_name)
        login.delete()


def _grant(role_name: str) -> None:
    """Membership of the role that may call the functions, and nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [role_name])
        if cursor.fetchone() is None:
            raise BadRequest(f"The database has no role {role_name}.", code="no_such_role")
        statement = sql.SQL("GRANT {} TO {}").format(
            sql.Identifier(ROLE), sql.Identifier(role_name)
        )
        cursor.execute(statement.as_string())
