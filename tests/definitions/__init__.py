"""What is declared: events, unions, aggregates, names, metadata, tokens, errors."""
