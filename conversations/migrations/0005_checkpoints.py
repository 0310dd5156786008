"""The state of apps' threads, behind the same walls as what was said."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.manager
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import memsync.common.ids
import memsync.common.values
from memsync.common import walls

TABLES = {
    "conversations_checkpoint": [],
    "conversations_checkpointwrite": ["task_id", "idx"],
}
SCOPE = {
    "project_id": ("accounts_project", ["tenant_id", "id"]),
    "user_id": ("accounts_user", ["tenant_id", "id"]),
}
NEVER_CHANGES = [
    *["id", "tenant_id", "project_id", "user_id", "scope", "scope_key"],
    *["thread_key", "thread_id", "checkpoint_ns", "checkpoint_id"],
]
WALLS = [
    operation
    for table, own in TABLES.items()
    for operation in (
        walls.same_scope_keys(table, SCOPE),
        walls.immutable(table, [*NEVER_CHANGES, *own]),
        walls.row_security(table),
    )
]


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_walls"),
        ("conversations", "0004_hidden_turns"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("serial", models.BigAutoField(db_column="pk", primary_key=True, serialize=False)),
                (
                    "uid",
                    models.UUIDField(
                        db_column="id", default=memsync.common.ids.uuid7, editable=False
                    ),
                ),
                ("scope", models.JSONField(default=dict, editable=False)),
                ("scope_key", models.TextField(default="", editable=False)),
                ("thread_key", models.CharField(editable=False, max_length=64)),
                ("thread_id", models.CharField(max_length=200)),
                ("checkpoint_ns", models.CharField(blank=True, db_collation="C", max_length=500)),
                ("checkpoint_id", models.CharField(db_collation="C", max_length=100)),
                ("type", models.CharField(max_length=50)),
                ("blob", models.BinaryField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "parent_checkpoint_id",
                    models.CharField(blank=True, db_collation="C", max_length=100),
                ),
                (
                    "metadata",
                    models.JSONField(
                        blank=True, decoder=memsync.common.values.JsonValues, default=dict
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.project",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
                "default_manager_name": "unscoped",
                "indexes": [
                    models.Index(fields=["project", "-serial"], name="checkpoint_newest"),
                    models.Index(fields=["user"], name="checkpoint_by_user"),
                    models.Index(fields=["project", "scope_key"], name="checkpoint_by_scope"),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["metadata"],
                        name="checkpoint_metadata",
                        opclasses=["jsonb_path_ops"],
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("project", "thread_key", "checkpoint_ns", "checkpoint_id"),
                        name="checkpoint_once_per_thread",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("thread_id", ""), _negated=True),
                            models.Q(("checkpoint_id", ""), _negated=True),
                        ),
                        name="checkpoint_is_named",
                    ),
                ],
            },
            managers=[
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="CheckpointWrite",
            fields=[
                ("serial", models.BigAutoField(db_column="pk", primary_key=True, serialize=False)),
                (
                    "uid",
                    models.UUIDField(
                        db_column="id", default=memsync.common.ids.uuid7, editable=False
                    ),
                ),
                ("scope", models.JSONField(default=dict, editable=False)),
                ("scope_key", models.TextField(default="", editable=False)),
                ("thread_key", models.CharField(editable=False, max_length=64)),
                ("thread_id", models.CharField(max_length=200)),
                ("checkpoint_ns", models.CharField(blank=True, db_collation="C", max_length=500)),
                ("checkpoint_id", models.CharField(db_collation="C", max_length=100)),
                ("type", models.CharField(max_length=50)),
                ("blob", models.BinaryField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("task_id", models.CharField(db_collation="C", max_length=100)),
                ("task_path", models.CharField(blank=True, db_collation="C", max_length=500)),
                ("idx", models.IntegerField()),
                ("channel", models.CharField(max_length=200)),
                (
                    "project",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.project",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
                "default_manager_name": "unscoped",
                "indexes": [
                    models.Index(fields=["user"], name="checkpoint_write_by_user"),
                    models.Index(fields=["project", "scope_key"], name="checkpoint_write_by_scope"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "project",
                            "thread_key",
                            "checkpoint_ns",
                            "checkpoint_id",
                            "task_id",
                            "idx",
                        ),
                        name="checkpoint_write_once_per_task",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("thread_id", ""), _negated=True),
                            models.Q(("checkpoint_id", ""), _negated=True),
                            models.Q(("task_id", ""), _negated=True),
                        ),
                        name="checkpoint_write_is_named",
                    ),
                ],
            },
            managers=[
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        *WALLS,
    ]
