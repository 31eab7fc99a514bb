"""Job engines beside each other in one interleaved run: enqueueing, draining, what it costs, idle pick-up.

contest        the rounds and the tables: `./dev bench engine` starts here
contestants    who takes part, and at what size
scenarios      what else is going on in Redis while our own engine drains
crowd          our own engine in these: `./dev bench crowd`
passes         one contestant does one thing once: its processes, started and measured
measures       what a pass gives, and the meters: processes, Redis
environments   a Python environment for each peer, from its lock in benchmarks/peers
peers          the scripts that run in these environments; they import this package, so nothing is imported here
"""
