"""arq with what its documentation offers for speed: a poll every 10 ms and msgpack instead of pickle."""

from functools import partial

import msgpack

from benchmarks.engine.peers.arq import Arq
from benchmarks.engine.peers.script import run

if __name__ == "__main__":
    arq = Arq(serializer=msgpack.packb, deserializer=partial(msgpack.unpackb, raw=False), poll_delay_s=0.01)
    run(arq.connect, arq.work)
