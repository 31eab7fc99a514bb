"""Templates as code: compiled at the start, and kept as Python keeps what it has compiled of a module."""

import hashlib
import sys
from contextlib import suppress
from pathlib import Path

from jinja2 import Environment, FileSystemBytecodeCache, Template
from jinja2.bccache import Bucket


class BesideModules(FileSystemBytecodeCache):
    """What templates compile to, in the folder of modules' own bytecode, by the version of Python and by `options`.

    `options` is whatever decides, beside a template, what it compiles to. Nothing is kept where the folder cannot be
    written, as by a service to which its own code is read-only, or where Python was told to keep nothing.
    """

    def __init__(self, folder: Path, options: bytes) -> None:
        stamp = hashlib.sha256(options).hexdigest()[:16]
        super().__init__(str(folder / "__pycache__"), f"%s.{stamp}.{sys.implementation.cache_tag}.jinja")

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what a template has been compiled to, where that can be done."""
        if sys.dont_write_bytecode:
            return
        with suppress(OSError):
            Path(self.directory).mkdir(exist_ok=True)
            super().dump_bytecode(bucket)


def compiled(environment: Environment) -> dict[str, Template]:
    """Compile all templates of an environment, by their names. Raises TemplateSyntaxError where one is wrong."""
    return {name: environment.get_template(name) for name in environment.list_templates()}
