"""The release before the newest migration, as a tree of its own, found in the repository's history."""

import shutil
import subprocess
from pathlib import Path

import pytest

from app.migrate import FOLDER
from tests.support.processes import ROOT

_TRUSTED = ("-c", f"safe.directory={ROOT}")  # a tree that is another user's


def previous_release(folder: Path) -> Path:
    """Unpack it into this folder, which is there; give the folder. The test is skipped where there is no history."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("needs git, which finds the previous release")
    newest = max(FOLDER.glob("*.sql"))
    added = _said(git, "log", "-1", "--format=%H", "--diff-filter=A", "--", str(newest))
    if added is None:
        pytest.skip("needs the repository's history, in which the previous release is")
    # One that is not committed yet comes after all that is.
    commit = _said(git, "rev-parse", "--verify", "--quiet", f"{added}^" if added else "HEAD")
    if commit is None:
        pytest.skip(f"needs the history from before {newest.name}: this clone is shallow")
    archive = folder / "release.tar"
    subprocess.run(
        [git, *_TRUSTED, "archive", f"--output={archive}", commit, "app", "jobs", "ratelimit"], cwd=ROOT, check=True
    )
    shutil.unpack_archive(archive, folder)
    archive.unlink()
    assert not (folder / newest.relative_to(ROOT)).exists()
    return folder


def _said(git: str, *arguments: str) -> str | None:
    """Give what git says, None where it fails."""
    told = subprocess.run([git, *_TRUSTED, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return told.stdout.strip() if told.returncode == 0 else None
