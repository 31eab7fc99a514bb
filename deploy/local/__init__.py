"""Switchyard on one machine with nothing but Python >= 3.11: what stands behind `./dev`. Standard library only.

The life of `./dev run`, file by file:

    run         the command: every step below in order, undone in reverse
    port, locks, procfile
                the free port, the one run of a tree, what it consists of
    venv        the virtual environment, made from the hashed lock
    redis, postgres (server, daemon, binaries, account)
                the two servers: where their binaries are, as whom they run, when they answer
    admin_key, environment, site_card
                the first key, the processes' variables, the card by which `./dev demo` finds the site
    site        while it runs: release step, processes, servers, banner
    supervisor, child, backoff, output
                the processes: started, prefixed, restarted, ended with all their descendants
    leash       what ends everything with us, even when we are killed
    readiness, banner
                when the site answers, and what to try first

`tools` is the other commands (`test`, `lint`, `lock`, `demo`, `bench`), `errors` what all of them say when they
cannot go on.
"""
