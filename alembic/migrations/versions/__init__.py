"""One file per revision. Your own Alembic tree can list this folder in `version_locations`."""
