"""Does something to a module as soon as it has been imported. Needs no torch."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

Then = Callable[[ModuleType], None]


class OnImport(MetaPathFinder):
    """Calls ``then[name]`` with every module of that name once it is loaded; stands first on ``sys.meta_path``.

    All other imports cost one look-up in a dictionary.

    Args:
        then: must not raise.
        failed: told of an error in looking for one of these modules.
    """

    def __init__(self, then: Mapping[str, Then], failed: Callable[[Exception], None]) -> None:
        self.then = then
        self._failed = failed
        self._asked: set[str] = set()

    def begin(self) -> None:
        """From now on; modules that are loaded already come first."""
        for name, then in self.then.items():
            if (module := sys.modules.get(name)) is not None:
                then(module)
        sys.meta_path.insert(0, self)

    def end(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.then or fullname in self._asked:  # another that asks all others may stand below
            return None
        self._asked.add(fullname)
        try:
            return self._found_by_others(fullname, path, target)
        except Exception as error:  # if it is not ours, the import meets it again without us
            self._failed(error)
            return None
        finally:
            self._asked.discard(fullname)

    def _found_by_others(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            spec = finder.find_spec(fullname, path, target) if finder is not self else None
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _ThenLoader(spec.loader, self.then[fullname])
                return spec
        return None


class _ThenLoader(Loader):
    """Loads as ``loader`` does and leaves ``loader`` in the module, so that nobody meets this one afterwards."""

    def __init__(self, loader: Loader, then: Then) -> None:
        self.loader = loader
        self.then = then

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self.loader
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        self.then(module)
