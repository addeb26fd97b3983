"""Everything at once on PostgreSQL: an hour at night, a minute in a plain run."""
