"""Real releases of the ultralytics package, trained as a black box on tiny random pictures."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tests.commands import ROOT

LIVE = Path(os.environ.get("LIVE", ""))
"""The folder that make_env.sh made."""
RELEASES = os.environ.get("RELEASES", "").split()
SETTINGS = ["imgsz=160", "workers=0", "device=cpu", "plots=False", "amp=False", "verbose=False", "exist_ok=True"]
SHIMS = Path(__file__).parent / "shims"


@dataclass(frozen=True)
class Release:
    """A release that can be started, in a folder of its own."""

    number: str
    folder: Path

    def variables(self, *more_paths: Path) -> dict[str, str]:
        paths = [*more_paths, SHIMS, LIVE / "releases" / self.number]
        return os.environ | {
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "YOLO_CONFIG_DIR": str(self.folder / "config"),
            "YOLO_OFFLINE": "true",
            "YOLO_AUTOINSTALL": "false",
            "OMP_NUM_THREADS": "1",
        }

    @property
    def yolo(self) -> list[str]:
        """The command of the release, as its users start it."""
        return [str(LIVE / "bin" / "python"), str(LIVE / "releases" / self.number / "bin" / "yolo")]

    def prepare(self) -> None:
        """Settings as after a first start, without reports to anyone."""
        (self.folder / "config").mkdir(parents=True)
        self.python("import ultralytics")
        for path in (self.folder / "config").rglob("settings.*"):
            text = path.read_text()
            path.write_text(text.replace("sync: true", "sync: false").replace('"sync": true', '"sync": false'))

    def python(self, code: str, *paths: Path) -> str:
        """Run code; its own output is what it prints to stdout last."""
        return self.run([str(LIVE / "bin" / "python"), "-c", code], *paths)

    def run(self, command: list[str], *paths: Path) -> str:
        """What it prints to stdout."""
        return self.start(command, *paths).stdout

    def watch(self, options: list[str], command: list[str]) -> str:
        """Run a command under ``yolo-assign watch`` of this project's own Python; returns what it says to stderr."""
        return self.start([sys.executable, "-m", "yolo_assign_trace", "watch", *options, "--", *command], ROOT).stderr

    def start(self, command: list[str], *paths: Path) -> subprocess.CompletedProcess[str]:
        variables = self.variables(*paths)
        done = subprocess.run(command, cwd=self.folder, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done

    def weights(self, files: list[Path]) -> list[str]:
        """Hashes of all weights of checkpoints, in a process that has never heard of this project."""
        code = f"""
import sys
sys.modules["yolo_assign_trace"] = None
import hashlib, torch
import torchvision  # the shims wait for it
for file in {list(map(str, files))!r}:
    found = torch.load(file, map_location="cpu", weights_only=False)
    state = (found.get("ema") or found["model"]).float().state_dict()
    assert len(state) > 100
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode() + state[name].contiguous().numpy().tobytes())
    print("weights", digest.hexdigest())
"""
        return [line.split()[1] for line in self.python(code).splitlines() if line.startswith("weights ")]


def dataset(folder: Path, task: str, images: int = 8, boxes: int = 4) -> Path:
    """Random pictures of 160 px with so many objects each; returns its data.yaml."""
    random = np.random.default_rng(0)
    for split, number in (("train", images), ("val", images // 2)):
        for kind in ("images", "labels"):
            (folder / kind / split).mkdir(parents=True, exist_ok=True)
        for i in range(number):
            pixels = random.integers(0, 255, (160, 160, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "images" / split / f"{i}.jpg")
            rows = [_row(random, task) for _ in range(boxes)]
            (folder / "labels" / split / f"{i}.txt").write_text("\n".join(rows) + "\n")
    more = "kpt_shape: [3, 3]\nnames: [a]\n" if task == "pose" else "names: [a, b, c]\n"
    data = folder / "data.yaml"
    data.write_text(f"path: {folder}\ntrain: images/train\nval: images/val\n{more}")
    return data


def odd_pictures(folder: Path) -> Path:
    """Four pictures that have to be scaled and padded, with three objects each; returns their data.yaml."""
    random = np.random.default_rng(1)
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    for i, (width, height) in enumerate([(200, 123), (90, 151), (160, 160), (77, 160)]):
        coarse = random.integers(0, 255, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(folder / "images" / f"{i}.png")
        (folder / "labels" / f"{i}.txt").write_text("\n".join(_row(random, "detect") for _ in range(3)) + "\n")
    data = folder / "data.yaml"
    data.write_text(f"path: {folder}\ntrain: images\nval: images\nnames: [a, b, c]\n")
    return data


def _row(random: np.random.Generator, task: str) -> str:
    (x, y), (w, h) = random.uniform(0.25, 0.75, 2), random.uniform(0.02, 0.45, 2)
    label = 0 if task == "pose" else random.integers(3)
    if task in ("segment", "obb"):
        corners = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        return f"{label} " + " ".join(f"{x + dx * w / 2:.4f} {y + dy * h / 2:.4f}" for dx, dy in corners)
    keypoints = "".join(f" {x + d * w / 4:.4f} {y + d * h / 4:.4f} 2" for d in (-1, 0, 1)) if task == "pose" else ""
    return f"{label} {x:.4f} {y:.4f} {w:.4f} {h:.4f}{keypoints}"
