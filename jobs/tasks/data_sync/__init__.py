"""The data sync: export files of sales platforms become facts in PostgreSQL.

A map, in the order of a file's way:

uploads      the bytes come in and are kept under the hash of their content
catalogue    the table of files; templates: the table of layouts, rules: which layouts make sense
service      the facade that the API uses: register, publish, submit, progress
task         sync_file, the job
reading      the parent's side of the reading process; reader/: that process; headers, dates, identity: its rules
turns        how many files are loaded at once
load         rows become facts, or are set aside; checks: which are; quarantine: what was set aside, and its replay
quality      how good the rows were, counted as they are loaded; check_quality: the job that follows a batch of syncs
"""
