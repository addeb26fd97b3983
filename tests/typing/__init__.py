"""Never run: mypy and pyright, both strict, check that these lines say what they say.

`assert_type` holds where the type is exactly that one. A line with an ignore must be an
error: both checkers report an ignore that hides nothing.
"""
