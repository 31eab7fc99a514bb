"""arq's command for our worker: `python -m jobs.drop_in shop.WorkerSettings`. It needs no site."""

import argparse
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path

from jobs.logs import configure_logs
from jobs.worker import check_health, create_worker


def main(argv: Sequence[str] | None = None) -> int:
    """Run a worker until it is stopped; give 0. With --check say by 0 or 1 whether one lives; 2 for wrong settings."""
    parser = argparse.ArgumentParser(prog="python -m jobs.drop_in", description="Runs arq's functions on our engine.")
    parser.add_argument("settings", help="a settings class or mapping of arq's, such as shop.WorkerSettings")
    parser.add_argument("--burst", action="store_true", default=None, help="end once nothing is left to do")
    parser.add_argument("--check", action="store_true", help="only say whether a worker lives")
    arguments = parser.parse_args(argv)
    sys.path.append(str(Path.cwd()))  # as arq does
    configure_logs(form="console", level="info")
    try:
        settings = pkgutil.resolve_name(arguments.settings)
        if arguments.check:
            return check_health(settings)
        worker = create_worker(settings, **({} if arguments.burst is None else {"burst": True}))
    except (ImportError, AttributeError, TypeError, ValueError, RuntimeError) as error:
        print(f"{arguments.settings}: {error}", file=sys.stderr)  # noqa: T201  its last word
        return 2
    worker.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
