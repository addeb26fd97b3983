"""What keeps others out: accounts, triggers, and what is never done with stored data."""
