"""A week of real flights as events; the README beside the data says where they come from.

events, aircraft    the domain: what happened, and what cannot happen
source              reads the file: rows, clocks, time zones
importer            file to log: events, rows and messages in one transaction
late                the messages about late arrivals, and the relay that sends them
rows                the importer's own table, written with the events
board               log to table: how punctual each airline is, kept by a subscriber
process, waiting    a consumer in a process of its own, and waiting for it
totals              folded from the log, and counted in the file, to be compared
received            the messages that arrived, compared with the late arrivals in the file
show, report        the screen
"""
