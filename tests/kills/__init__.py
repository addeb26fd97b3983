"""A process killed before and after each step of its work: promises 5, 21, 37, 38 and 43."""
