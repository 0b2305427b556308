"""Python imports a module of this name when it starts. Patches that reach child processes put its folder on PYTHONPATH.

It begins what the environment says, then runs the sitecustomize that it hides. It must load in any Python.
"""

import os
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec, spec_from_file_location

_HERE = os.path.dirname(os.path.realpath(__file__))
_PATCHES = (
    # variable, who reads it, what is said where that fails
    ("YOLO_ASSIGN_FAST_TRAINING", "yolo_assign_trace.training.fast", "fast: the original assigner stays"),
    ("YOLO_ASSIGN_WATCHING", "yolo_assign_trace.training.watching.patches", "watch: nothing is recorded"),
)


def _begin(module: str, text: str) -> None:
    if sys.version_info < (3, 11):
        raise RuntimeError("Python 3.11 or newer is needed, this is " + sys.version.split()[0])
    if "yolo_assign_trace" not in sys.modules:
        # by its place, not by its name: this Python may have another version of the package, or none
        root = os.path.dirname(os.path.dirname(os.path.dirname(_HERE)))
        init = os.path.join(root, "__init__.py")
        _load(spec_from_file_location("yolo_assign_trace", init, submodule_search_locations=[root]))
    import_module(module).begin_in_child(text)


def _run_hidden() -> None:
    sys.path[:] = [path for path in sys.path if os.path.realpath(path) != _HERE]
    _load(PathFinder.find_spec("sitecustomize"))


def _load(spec: "ModuleSpec | None") -> None:
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)


for _variable, _module, _without in _PATCHES:
    if os.environ.get(_variable):
        try:
            _begin(_module, os.environ[_variable])
        except Exception as _error:
            sys.stderr.write(f"yolo-assign {_without}: {type(_error).__name__}: {_error}\n")
_run_hidden()
