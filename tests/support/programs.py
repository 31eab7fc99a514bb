"""Programs that only some tests need and that no wheel brings. CI installs some, and then must have them."""

import os
import shutil

import pytest

_MUST_HAVE = "TESTS_MUST_HAVE"  # names of packages, set by .ci/run


def program_of(package: str, *names: str) -> str:
    """Give the path of the first of these programs that is on PATH, as Debian's package has it.

    Where there is none the test is skipped; but it fails where the package has been installed for the tests' sake.
    """
    found = next(filter(None, map(shutil.which, names or (package,))), None)
    if found is not None:
        return found
    reason = f"needs {' or '.join(names or (package,))} on PATH, which comes with Debian's {package}"
    if package in os.environ.get(_MUST_HAVE, "").split():
        pytest.fail(reason)
    pytest.skip(reason)
