"""Wake-ups: who waits looks at once, and nothing else depends on them."""
