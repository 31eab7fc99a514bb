"""What Switchyard costs, measured beside its peers in one interleaved run: `python -m benchmarks [names]`.

sync_rows    a file's rows become facts: loaders (each in a process of its own), retail (the rows)
submit       jobs are accepted over HTTP: peer (the hand-written app), http_load (the clients)
fairness     whom a flood keeps waiting: a simulation
engine       job engines beside each other: enqueueing, draining, what it costs, idle pick-up; and crowd,
             our own engine while much else is going on in Redis
measure      medians and tables

A command of its own, `python -m benchmarks.soak [names]`:

soak         the endurance tests of tests/support/endurance at full size, with their figures
"""
