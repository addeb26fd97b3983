"""What joins a store to other libraries, one file for each; each needs the extra of its name.

Nothing of it is imported by the rest: who does not import it does not pay for it.
"""
