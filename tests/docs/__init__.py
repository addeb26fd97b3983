"""The pages, as a reader would use them."""
