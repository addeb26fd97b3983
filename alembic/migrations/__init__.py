"""The schema's history, for Alembic. Installed as `sourcery.migrations`.

The folder above has no `__init__.py`: with one it would hide the library `alembic` itself.
"""
