"""Django's migrations, of which one makes the store's tables."""
