"""The schema: its revisions, how they are run, and how they live beside a user's own."""
