"""DATABASE_URL as PostgreSQL's own programs are told of it."""

from collections.abc import Mapping

import pytest

from jobs.addresses import check_database_url, libpq_variables


@pytest.mark.parametrize(
    ("url", "variables"),
    [
        (
            "postgresql://ann:p%40ss%2Fword@db.example:6432/shop?sslmode=verify-full",
            {
                "PGHOST": "db.example",
                "PGPORT": "6432",
                "PGUSER": "ann",
                "PGPASSWORD": "p@ss/word",
                "PGDATABASE": "shop",
                "PGSSLMODE": "verify-full",
            },
        ),
        (
            "postgres:///shop?host=/run/postgresql&port=5433&user=ann&password=s%26cret",
            {
                "PGHOST": "/run/postgresql",
                "PGPORT": "5433",
                "PGUSER": "ann",
                "PGPASSWORD": "s&cret",
                "PGDATABASE": "shop",
            },
        ),
        (
            "postgresql://one,two:5433,[::1]:5434/a%20b?target_session_attrs=read-write",
            {
                "PGHOST": "one,two,::1",
                "PGPORT": "5432,5433,5434",
                "PGDATABASE": "a b",
                "PGTARGETSESSIONATTRS": "read-write",
            },
        ),
        (
            "postgresql://?dbname=shop&statement_timeout=5&passfile=/etc/pass",
            {"PGDATABASE": "shop", "PGPASSFILE": "/etc/pass"},
        ),
        ("postgresql://", {}),
    ],
)
def test_an_address_becomes_variables(url: str, variables: Mapping[str, str]) -> None:
    """Decoded; what only asyncpg knows is left out, and what is not said is left to libpq's own defaults."""
    check_database_url(url)
    assert libpq_variables(url) == variables
