"""The proxy that the admin's desk lists: no table of its own."""

import django.db.models.manager
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("memories", "0002_walls")]

    operations = [
        migrations.CreateModel(
            name="Uncertainty",
            fields=[],
            options={
                "verbose_name_plural": "uncertainties",
                "proxy": True,
                "default_permissions": (),
                "indexes": [],
                "constraints": [],
            },
            bases=("memories.memory",),
            managers=[("unscoped", django.db.models.manager.Manager())],
        ),
    ]
