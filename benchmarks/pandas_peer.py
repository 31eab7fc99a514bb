"""A file into PostgreSQL by pandas and SQLAlchemy, in an environment of its own: `-m benchmarks.pandas_peer FILE`.

It prints a Run as JSON. As people write it: everything is read, then `to_sql` appends it to a table that has no key.
"""

import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import sqlalchemy

from benchmarks.measure import Run, own_peak_mib

TABLE = "pandas"
_CHUNK = 10_000


def load(path: Path) -> None:
    """Read the file and append its rows."""
    engine = sqlalchemy.create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1))
    text = dict.fromkeys(("InvoiceNo", "StockCode", "CustomerID"), str)
    if path.suffix == ".xlsx":
        frame = pd.read_excel(path, dtype=text)
    else:
        frame = pd.read_csv(path, dtype=text, parse_dates=["InvoiceDate"])
    frame.to_sql(TABLE, engine, if_exists="append", index=False, chunksize=_CHUNK)
    engine.dispose()


if __name__ == "__main__":
    cpu, began = time.process_time(), time.perf_counter()
    load(Path(sys.argv[1]))
    run = Run(
        seconds=time.perf_counter() - began,
        cpu_s=time.process_time() - cpu,
        child_cpu_s=0.0,
        peak_mib=own_peak_mib(),
        child_peak_mib=0.0,
    )
    print(json.dumps(asdict(run)))
