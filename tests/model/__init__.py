"""Random histories of everything at once, compared step by step with a model of what is promised.

`log` and `queues` are the model: plain Python without a line of the library. `world` is the store
under test. The rules of the machine do one thing to both; they stand in a file for each part.
"""
