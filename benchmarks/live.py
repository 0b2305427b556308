"""Whole trainings of a real release, which ``make test-live`` installs: how they start, and what they train on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
LIVE = Path(os.environ.get("LIVE", ROOT / ".venv-live"))
RELEASE = "8.4.190"


def is_there() -> bool:
    found = (LIVE / "releases" / RELEASE).is_dir()
    if not found:
        print(f"skipped: there is no {LIVE}/releases/{RELEASE}; make test-live makes it", file=sys.stderr)
    return found


def run(folder: Path, code: str, *arguments: Any) -> list[str]:
    """Lines that a program of the release prints; it finds its arguments as JSON in ``sys.argv[1]``. One thread."""
    paths = [ROOT, ROOT / "tests" / "live" / "shims", LIVE / "releases" / RELEASE]
    variables = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "YOLO_CONFIG_DIR": str(folder / "config"),
        "YOLO_OFFLINE": "true",
        "YOLO_AUTOINSTALL": "false",
        "OMP_NUM_THREADS": "1",
    }
    command = [str(LIVE / "bin" / "python"), "-c", code, json.dumps(arguments)]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.splitlines()


def dataset(folder: Path, images: int, boxes: int, px: int) -> Path:
    random = np.random.default_rng(0)
    for split, number in (("train", images), ("val", images // 2)):
        for kind in ("images", "labels"):
            (folder / kind / split).mkdir(parents=True)
        for i in range(number):
            pixels = random.integers(0, 255, (px, px, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "images" / split / f"{i}.jpg")
            sides = random.uniform(0.02, 0.4 if boxes < 50 else 0.1, (boxes, 2))
            rows = [
                f"{random.integers(3)} {x:.4f} {y:.4f} {w:.4f} {h:.4f}"
                for (x, y), (w, h) in zip(random.uniform(0.2, 0.8, (boxes, 2)), sides, strict=True)
            ]
            (folder / "labels" / split / f"{i}.txt").write_text("\n".join(rows))
    data = folder / "data.yaml"
    data.write_text(f"path: {folder}\ntrain: images/train\nval: images/val\nnames: [a, b, c]\n")
    return data
