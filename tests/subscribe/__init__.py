"""Raw subscriptions: where they begin, the seam, the end, and what they survive."""
