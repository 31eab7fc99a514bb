"""The virtual environment of a small tree: made once, mended whenever it would not be right."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.errors import DevError
from deploy.local.venv import Venv

ENSURE = "import sys; from pathlib import Path; from deploy.local.venv import Venv; Venv(Path(sys.argv[1])).ensure()"
INSTALLING = "Installing tests/requirements.txt into .venv (once, some minutes) ...\n"


@pytest.fixture(scope="module")
def tree(plant: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plant one tree for the whole module: to make an environment takes seconds."""
    return plant(tmp_path_factory.mktemp("venv") / "small tree")


@pytest.fixture
def venv(tree: Path) -> Venv:
    """Complete the tree's environment, whatever the test before has done to it."""
    venv = Venv(tree)
    venv.ensure()
    return venv


def works(tree: Path, version: str = "1.0") -> bool:
    """Whether the tree's environment has the package in that version, and the tree itself."""
    ask = "import deploy.local, tiny; print(tiny.version)"
    python = tree / ".venv" / "bin" / "python"
    asked = subprocess.run([python, "-c", ask], cwd="/", capture_output=True, text=True, check=True)
    return asked.stdout.strip() == version


def test_it_is_made_once(tree: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It has what the lock says and the tree itself; the second time there is nothing to say or fetch."""
    shutil.rmtree(tree / ".venv", ignore_errors=True)
    Venv(tree).ensure()
    assert works(tree)
    assert capsys.readouterr().out == INSTALLING
    monkeypatch.setenv("PIP_FIND_LINKS", "/nonexistent")
    Venv(tree).ensure()
    assert capsys.readouterr().out == ""


def test_a_new_lock_is_installed_by_one_of_two(venv: Venv, tree: Path) -> None:
    """Two commands at the same time: the second waits for the first; what else lies there stays."""
    lock, next_lock = tree / "tests" / "requirements.txt", tree / "next-lock.txt"
    former = lock.read_text()
    (venv.folder / "kept").touch()
    shutil.copy(next_lock, lock)
    command = [sys.executable, "-c", ENSURE, str(tree)]
    both = [subprocess.Popen(command, cwd=tree, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in both]
    lock.write_text(former)
    assert [process.returncode for process in both] == [0, 0]
    assert "".join(outputs).count(INSTALLING) == 1
    assert works(tree, "2.0")
    assert (venv.folder / "kept").exists()


def test_one_that_a_developer_made_is_completed(venv: Venv, tree: Path) -> None:
    """It has no stamp and not all packages, and nothing of it is thrown away."""
    (venv.folder / "switchyard.stamp").unlink()
    subprocess.run([venv.python, "-m", "pip", "uninstall", "-q", "-y", "tiny"], check=True)
    (venv.folder / "kept").touch()
    venv.ensure()
    assert works(tree)
    assert (venv.folder / "kept").exists()


def test_an_interrupted_install_is_done_again(venv: Venv, tree: Path) -> None:
    """Packages that lack files would pass for installed."""
    (venv.folder / "switchyard.stamp").write_text("unfinished\n")
    next(venv.folder.rglob("tiny.py")).unlink()
    venv.ensure()
    assert works(tree)


def test_it_has_the_command(venv: Venv, tree: Path, tmp_path: Path) -> None:
    """The tree's own, from wherever it is called; one that is missing is put there again."""
    package = tree / "app" / "cli"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text("import sys; print(sys.argv[1:])\n")
    (tmp_path / "app.py").touch()  # somebody else's
    (venv.bin / "switchyard").unlink()
    venv.ensure()
    asked = subprocess.run(
        [venv.bin / "switchyard", "list", "a b"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    shutil.rmtree(tree / "app")
    assert asked.stdout == "['list', 'a b']\n"


def test_an_interrupted_making_is_done_again(venv: Venv, tree: Path) -> None:
    """There may be a Python and no pip."""
    (venv.folder / "switchyard.stamp").unlink()
    (venv.bin / "pip").unlink()
    venv.ensure()
    assert works(tree)


def test_one_whose_python_is_gone_is_made_anew(venv: Venv, tree: Path) -> None:
    """The system's Python was removed."""
    venv.python.unlink()
    venv.python.symlink_to("/nonexistent/python3")
    venv.ensure()
    assert works(tree)


def test_a_wrong_hash_stops_it(venv: Venv, tree: Path) -> None:
    """Nothing that the lock does not know gets in."""
    lock = tree / "tests" / "requirements.txt"
    former = lock.read_text()
    lock.write_text(f"tiny==3.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(DevError, match="could not be completed"):
        venv.ensure()
    lock.write_text(former)


def test_where_uv_does_not_get_at_the_packages_pip_does(
    venv: Venv, tree: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It heeds another configuration: where an index of one's own is in pip's alone, uv finds nothing."""
    lock = tree / "tests" / "requirements.txt"
    former = lock.read_text()
    subprocess.run([venv.python, "-m", "pip", "uninstall", "-q", "-y", "tiny"], check=True)
    shutil.copy(tree / "lock-with-uv.txt", lock)
    venv.ensure()
    lock.write_text(former)
    assert works(tree)
    printed = capfd.readouterr()
    assert "no route to the packages" in printed.err
    assert "with pip it takes longer" in printed.out


def test_a_tree_that_was_moved_gets_a_new_one(venv: Venv, tree: Path) -> None:
    """The programs in the former one name their Python by the former path."""
    moved = tree.rename(tree.with_name("moved tree"))
    (moved / ".venv" / "old").touch()
    Venv(moved).ensure()
    assert works(moved)
    assert not (moved / ".venv" / "old").exists()
    assert str(venv.bin) not in (moved / ".venv" / "bin" / "pip").read_text()
    moved.rename(tree)
