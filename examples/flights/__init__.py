"""A week of real flights as events; the README beside the data says where they come from.

events, aircraft    the domain: what happened, and what cannot happen
source              reads the file: rows, clocks, time zones
importer            file to log: events, rows and messages in one transaction
rows                the program's own table, written with the events
totals              folded from the log, and counted in the file, to be compared
report              the progress bar and the tables on the screen
"""
