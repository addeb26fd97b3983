"""Messages that events lead to, declared once and written with the events."""
