"""What Switchyard costs, measured beside its peers in one interleaved run: `python -m benchmarks [names]`.

sync_rows    a file's rows become facts: loaders (each in a process of its own), retail (the rows)
submit       jobs are accepted over HTTP: peer (the hand-written app), http_load (the clients)
measure      medians and tables
"""
