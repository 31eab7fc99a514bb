"""Starts a site's processes by a fork of one that has imported all of their modules: for a fourth of the CPU.

A run of all tests starts hundreds of them, and would spend a third of its time on importing the same again and again.
From the fork on each is a process like any other: of its own session, with the variables, the arguments, the output
and the `__main__` that the command line would give it, and it ends as an interpreter ends.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TypedDict

PROGRAMS = ("jobs", "uvicorn")  # what `python -m` is followed by

# What these import, beside what their `__main__` names.
_MODULES = (
    "app.main",
    "app.lingering",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.websockets.auto",
)
_LONGEST = 1 << 20


class Request(TypedDict):
    """What is asked of it, as JSON, with two open files: for what the program writes, and for its id and its status."""

    program: str
    arguments: Sequence[str]
    environ: Mapping[str, str]


def main() -> None:
    """Serve requests from the socket that the first argument numbers, until it is closed."""
    requests = socket.socket(fileno=int(sys.argv[1]))
    mains = [f"{program}.__main__" for program in PROGRAMS]
    for name in (*_MODULES, *mains):
        importlib.import_module(name)
    for name in mains:
        del sys.modules[name]  # that is to be run
    gc.collect()
    gc.freeze()  # else each collection of a child would copy all of it
    program = _serve(requests)
    if program is not None:
        runpy.run_module(program, run_name="__main__", alter_sys=True)


def _serve(requests: socket.socket) -> str | None:
    """Fork for each request. Give the program to be run: the child returns, and goes on as that; else None."""
    ended_read, ended_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(ended_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    tellers: dict[int, int] = {}  # by process id, where its end is to be told
    while True:
        ready, _, _ = select.select([requests.fileno(), ended_read], [], [])
        if ended_read in ready:
            os.read(ended_read, _LONGEST)
            _tell_ends(tellers)
        if requests.fileno() not in ready:
            continue
        request, files, _, _ = socket.recv_fds(requests, _LONGEST, 2)
        if not request:
            return None
        output, teller = files
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for one in (ended_read, ended_write, *tellers.values()):
                os.close(one)
            requests.close()
            return _become(json.loads(request), output, teller)
        os.close(output)
        tellers[pid] = teller


def _tell_ends(tellers: dict[int, int]) -> None:
    """Say of each child that has ended by which status: of a signal, the negative number."""
    with suppress(ChildProcessError):  # none is left
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            pid, status = ended
            teller = tellers.pop(pid)
            with suppress(BrokenPipeError):  # nobody wants to know any more
                os.write(teller, f"{os.waitstatus_to_exitcode(status)}\n".encode())
            os.close(teller)


def _become(request: Request, output: int, teller: int) -> str:
    """Have what the command line would have given to the program, say that this is so, and give the program's name."""
    os.setsid()
    for number in (1, 2):
        os.dup2(output, number)
    os.close(output)
    os.environ.clear()
    os.environ.update(request["environ"])
    sys.argv[:] = ["-m", *request["arguments"]]
    os.write(teller, f"{os.getpid()}\n".encode())
    os.close(teller)
    return request["program"]


if __name__ == "__main__":
    main()
