"""What a site does by itself, again and again: the tasks of the shipped timetable and what they work with.

A map, from the timetable down:

shipped      which schedules there are, when they are due, and what a site's settings change of that
canary       a job that does nothing, each minute in each queue
low_stock    items below their safety stock become alerts; alerts: their table
backup       the database goes into a file; folder: those files; programs: pg_dump and pg_restore; records: their table;
             sessions: whether those are ours alone
prune        what is old is dropped
service      the facade that the API uses: alerts, and the figures of all of these
"""
