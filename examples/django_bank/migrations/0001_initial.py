"""The tables of the models, then those of the store."""

from typing import Any

from django.db import migrations, models


def upgrade_store(apps: Any, schema_editor: Any) -> None:
    """Create or upgrade the store's tables; other releases do it again in another migration."""
    from examples.django_bank.store import store

    store().upgrade()


class Migration(migrations.Migration):
    """Not atomic: the store upgrades on a connection of its own."""

    atomic = False
    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        migrations.CreateModel(
            "Receipt",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("account", models.CharField(max_length=100)),
                ("cents", models.IntegerField()),
                ("number", models.CharField(max_length=50, unique=True)),
            ],
        ),
        migrations.CreateModel(
            "Balance",
            [
                ("account", models.CharField(max_length=100, primary_key=True)),
                ("cents", models.IntegerField(default=0)),
            ],
        ),
        migrations.RunPython(upgrade_store, migrations.RunPython.noop),
    ]
