#!/usr/bin/env bash
# make_env.sh FOLDER PYTHON RELEASE...: an environment in which real releases of the ultralytics package train on a CPU.
# torch and numpy are borrowed from PYTHON's environment; this project is not. Releases are run as a black box: each
# lies in FOLDER/releases/RELEASE and is chosen by PYTHONPATH=tests/live/shims:FOLDER/releases/RELEASE.
set -euo pipefail
folder=$1 python=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
of() { "$python" -c "import sysconfig, torch, numpy; v = torch.__version__.split('+')[0]; print($1)"; }
[ -x "$folder/bin/python" ] || "$python" -m venv "$folder"
# .pth files on a path that a .pth file names are not read, so nothing that is installed editable comes along
of 'sysconfig.get_path("purelib")' > "$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/borrowed.pth"
pip=("$folder/bin/python" -m pip install --quiet --disable-pip-version-check)
constraints=$(mktemp)
trap 'rm -f "$constraints"' EXIT
of 'f"torch=={v}\nnumpy=={numpy.__version__}"' > "$constraints"
# --no-deps: these would pull a torch of their own; torchvision 0.28.0 goes with torch 2.13.0, 0.29.0 with 2.14.0
"${pip[@]}" --no-deps "$(of '"torchvision==0.{}.{}".format(int(v.split(".")[1]) + 15, v.split(".")[2])')" ultralytics-thop==2.2.3
"${pip[@]}" --constraint "$constraints" --requirement "$here/requirements.txt"
for release in "$@"; do
  [ -d "$folder/releases/$release/ultralytics" ] ||
    "${pip[@]}" --no-deps --ignore-requires-python --target "$folder/releases/$release" "ultralytics==$release"
done
