"""The command `switchyard`: what people do with a site from a terminal. It asks over HTTP, by `app.client` alone.

A map, lower layers first; a module imports only from lower ones:

words       statuses (of the exit), streams (what a terminal takes), settings (address, key and patience: environment
            and file), pairs (`name=value`)
screen      output (tables, facts, JSON); board (what is known of what is watched), views (how that is shown)
session     refusals (from the client's errors to what a person reads), session (a client for one command), things
            (whether an id is a job's or a batch's)
ways        showing (a thing as people read it), watching (follow it to its end)
commands    commands/: a file for each kind of thing
root        root: the literal table of all commands, of which only the one that is asked for is loaded; __main__
"""
