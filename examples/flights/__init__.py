"""A week of real flights as events; the README beside the data says where they come from.

events, aircraft    the domain: what happened, and what cannot happen
source              reads the file: rows, clocks, time zones
importer            file to log: events, rows and messages in one transaction
rows                the importer's own table, written with the events
board               log to table: how punctual each airline is, kept by a subscriber
process             the subscriber in a process of its own, and waiting for it
totals              folded from the log, and counted in the file, to be compared
show, report        the screen
"""
