"""Migration operations for the walls between tenants (DESIGN §4) and for append-only tables."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.migrations.operations import RunSQL

RUNTIME = "memsync_runtime"


def runtime_role() -> RunSQL:
    """The role of the running server: no owner, no superuser, bound by row-level security.

    Roles belong to the cluster, so it may exist already, or be made by two databases at once.
    """
    return RunSQL(
        f"""
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{RUNTIME}') THEN
                CREATE ROLE {RUNTIME} NOLOGIN NOSUPERUSER NOBYPASSRLS;
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$;
        GRANT {RUNTIME} TO CURRENT_USER;
        GRANT USAGE ON SCHEMA public TO {RUNTIME};
        ALTER DEFAULT PRIVILEGES IN SCHEMA public
            GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {RUNTIME};
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {RUNTIME};
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {RUNTIME};
        GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {RUNTIME};
        """,
        f"""
        ALTER DEFAULT PRIVILEGES IN SCHEMA public
            REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLES FROM {RUNTIME};
        ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE USAGE, SELECT ON SEQUENCES FROM {RUNTIME};
        """,
    )


def row_security(table: str, *, column: str = "tenant_id") -> RunSQL:
    """Only rows of the transaction's tenant exist for the runtime role; without one, none do."""
    return RunSQL(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        CREATE POLICY tenant_only ON {table} TO {RUNTIME}
            USING ({column} = nullif(current_setting('memsync.tenant_id', true), '')::uuid)
            WITH CHECK ({column} = nullif(current_setting('memsync.tenant_id', true), '')::uuid);
        """,
        f"DROP POLICY tenant_only ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;",
    )


def same_scope_keys(table: str, references: dict[str, tuple[str, Sequence[str]]]) -> RunSQL:
    """Composite foreign keys: `{column: (parent table, its key columns)}`.

    The key columns end with the one that `column` refers to; the others have the same name here and
    there (`tenant_id`, `project_id`), so a row cannot point across tenants or projects.
    """
    forward, backward = [], []
    for column, (parent, keys) in references.items():
        name = f"{table}_{column}_same_scope"[:63]
        here = ", ".join([*keys[:-1], column])
        forward.append(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({here}) "
            f"REFERENCES {parent} ({', '.join(keys)}) DEFERRABLE INITIALLY IMMEDIATE;"
        )
        backward.append(f"ALTER TABLE {table} DROP CONSTRAINT {name};")
    return RunSQL("\n".join(forward), "\n".join(reversed(backward)))


def referable(table: str, keys: Sequence[str]) -> RunSQL:
    """The unique constraint that composite foreign keys refer to."""
    name = f"{table}_{'_'.join(keys)}_key"[:63]
    return RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE ({', '.join(keys)});",
        f"ALTER TABLE {table} DROP CONSTRAINT {name};",
    )


def guard_functions() -> RunSQL:
    """The trigger functions that `immutable` and `append_only` use."""
    return RunSQL(
        """
        CREATE FUNCTION memsync_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE col text;
        BEGIN
            FOREACH col IN ARRAY TG_ARGV LOOP
                IF to_jsonb(OLD) -> col IS DISTINCT FROM to_jsonb(NEW) -> col THEN
                    RAISE EXCEPTION '%.% never changes', TG_TABLE_NAME, col
                        USING ERRCODE = 'integrity_constraint_violation';
                END IF;
            END LOOP;
            RETURN NEW;
        END $$;
        CREATE FUNCTION memsync_refuse_write() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation';
        END $$;
        """,
        "DROP FUNCTION memsync_refuse_change(); DROP FUNCTION memsync_refuse_write();",
    )


def immutable(table: str, columns: Sequence[str]) -> RunSQL:
    """No UPDATE may change these columns. The trigger fires only for statements that set one."""
    arguments = ", ".join(f"'{column}'" for column in columns)
    return RunSQL(
        f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OF {', '.join(columns)} ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION memsync_refuse_change({arguments});",
        f"DROP TRIGGER {table}_immutable ON {table};",
    )


def append_only(table: str) -> RunSQL:
    """No UPDATE or DELETE by anybody, and no TRUNCATE but by the owner."""
    return RunSQL(
        f"""
        REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {RUNTIME};
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION memsync_refuse_write();
        """,
        f"""
        DROP TRIGGER {table}_append_only ON {table};
        GRANT UPDATE, DELETE ON {table} TO {RUNTIME};
        """,
    )


def runtime_only(*functions: str) -> RunSQL:
    """Nobody but the runtime role (and the owner) may call these functions."""
    return RunSQL(
        "\n".join(
            f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC;"
            f"GRANT EXECUTE ON FUNCTION {function} TO {RUNTIME};"
            for function in functions
        ),
        RunSQL.noop,
    )
