"""Python imports a module of this name when it starts. Watching puts its folder first on PYTHONPATH.

It begins to watch if the environment says so, then runs the sitecustomize that it hides. It must load in any Python.
"""

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec, spec_from_file_location

_HERE = os.path.dirname(os.path.realpath(__file__))


def _begin() -> None:
    text = os.environ.get("YOLO_ASSIGN_WATCHING")
    if not text:
        return
    try:
        if sys.version_info < (3, 11):
            raise RuntimeError("watching needs Python 3.11 or newer, this is " + sys.version.split()[0])
        if "yolo_assign_trace" not in sys.modules:
            # by its place, not by its name: this Python may have another version of the package, or none
            root = os.path.dirname(os.path.dirname(os.path.dirname(_HERE)))
            init = os.path.join(root, "__init__.py")
            _load(spec_from_file_location("yolo_assign_trace", init, submodule_search_locations=[root]))
        from yolo_assign_trace.training.watching.patches import begin_in_child

        begin_in_child(text)
    except Exception as error:
        sys.stderr.write(f"yolo-assign watch: nothing is recorded: {type(error).__name__}: {error}\n")


def _run_hidden() -> None:
    sys.path[:] = [path for path in sys.path if os.path.realpath(path) != _HERE]
    _load(PathFinder.find_spec("sitecustomize"))


def _load(spec: "ModuleSpec | None") -> None:
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)


_begin()
_run_hidden()
