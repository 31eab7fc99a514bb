"""What runs in a peer's own environment, a script a contestant: `python -m benchmarks.engine.peers.saq worker`.

script      the command line that all of them have in common
tally       what a worker process has run, and when
arq, arq_tuned, saq, streaq, taskiq    how each library is set up and asked to do the work

These modules may import the standard library, uvloop, each other and their own library; nothing of the project beside,
but for the script of our own engine, which runs in the project's environment.
"""
