"""What others build into their CI works as written: the hooks, the steps of the action, the workflows of docs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands import ROOT, environment

GOOD, UNREACHABLE = "0 0.5 0.5 0.3 0.3\n", "0 0.5 0.5 0.3 0.3\n1 0.5 0.5 0.004 0.004\n"
WORKFLOWS = re.findall(r"```yaml\n(name: .*?)```", (ROOT / "docs" / "ci.md").read_text(encoding="utf-8"), re.DOTALL)
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def run(*command: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    variables = environment(**more)
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def tools(tmp_path: Path) -> dict[str, str]:
    """Variables under which ``yolo-assign`` and ``python`` are those of the tests."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name, command in (("yolo-assign", f"{sys.executable} -m yolo_assign_trace"), ("python", sys.executable)):
        (folder / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def dataset(folder: Path, labels: str) -> Path:
    """A data.yaml with one picture of 640 px."""
    from PIL import Image

    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    Image.new("RGB", (640, 640)).save(folder / "images" / "0.png")
    (folder / "labels" / "0.txt").write_text(labels)
    (folder / "data.yaml").write_text("path: .\ntrain: images\nval: images\nnames: [a, b]\n")
    return folder


class TestHooks:
    """Run by the real pre-commit, in a repository made for it."""

    @pytest.fixture
    def hooks(self, tmp_path: Path) -> Path:
        """A repository that pre-commit fetches the hooks from."""
        folder = tmp_path / "hooks"
        folder.mkdir()
        shutil.copy(ROOT / ".pre-commit-hooks.yaml", folder)
        self.commit(folder)
        return folder

    @staticmethod
    def commit(folder: Path) -> str:
        name = ("-c", "user.name=a", "-c", "user.email=a@b")
        for command in (("init", "-q"), ("add", "-A"), (*name, "commit", "-q", "-m", "a", "--no-verify")):
            assert run("git", *command, cwd=folder).returncode == 0
        return run("git", "rev-parse", "HEAD", cwd=folder).stdout.strip()

    @pytest.mark.parametrize(
        ("hook", "arguments", "labels", "passes"),
        [
            ("labels", [], GOOD, True),
            ("labels", [], "0 0.5 0.5 0.3 1.3\n", False),  # not within 0..1
            ("audit", ["--fail-on", "never>0.5%", "--release", "8.3.253"], GOOD, True),
            ("audit", ["--fail-on", "never>0.5%", "--release", "8.3.253"], UNREACHABLE, False),
            ("audit", ["--fail-on", "never>0.5%", "--release", "8.4.190"], UNREACHABLE, True),  # it is enlarged there
        ],
    )
    def test_a_hook_passes_and_fails(
        self,
        hooks: Path,
        tools: dict[str, str],
        tmp_path: Path,
        hook: str,
        arguments: list[str],
        labels: str,
        passes: bool,
    ) -> None:
        site = dataset(tmp_path / "site", labels)
        told = {"id": hook, "args": ["data.yaml", *arguments]}
        repo = {"repo": str(hooks), "rev": run("git", "rev-parse", "HEAD", cwd=hooks).stdout.strip(), "hooks": [told]}
        (site / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [repo]}))
        self.commit(site)
        command = (sys.executable, "-m", "pre_commit", "run", "--all-files", "--verbose")
        done = run(*command, cwd=site, PRE_COMMIT_HOME=str(tmp_path / "cache"), **tools)
        assert ("Passed" in done.stdout) == passes, done.stdout + done.stderr
        assert done.returncode == (0 if passes else 1), done.stdout + done.stderr
        assert ("train: images, 1 image" if hook == "labels" else "never") in done.stdout

    def test_they_care_for_labels_and_pictures_alone(self) -> None:
        for hook in HOOKS:
            for name in ("labels/train/0.txt", "data.yaml", "images/a.jpg", "instances.json", "images/A.JPG", "a.heic"):
                assert re.search(hook["files"], name)
            for name in ("train.py", "README.md", "weights/best.pt"):
                assert not re.search(hook["files"], name)


class TestAction:
    """Its steps are run in order by bash, as a runner does; artifacts are the runner's own."""

    @staticmethod
    def value(text: str, values: dict[str, str]) -> str:
        return re.sub(r"\$\{\{ *([\w.]+) *\}\}", lambda match: values[match[1]], text)

    def steps(self, folder: Path, values: dict[str, str], variables: dict[str, str], *names: str) -> list[Any]:
        done = []
        for step in ACTION["runs"]["steps"]:
            if step["name"] not in names:
                continue
            own = {name: self.value(text, values) for name, text in step["env"].items()}
            bash = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"])
            done.append(run(*bash, cwd=folder, **variables, **own))
            written = Path(variables["GITHUB_OUTPUT"]).read_text().splitlines()
            values |= {f"steps.run.outputs.{name}": text for name, _, text in (line.partition("=") for line in written)}
        return done

    @pytest.mark.parametrize(
        ("command", "arguments", "code", "says"),
        [
            ("audit", "data.yaml --fail-on 'never>0.5%' --release 8.3.253", 1, "::warning"),
            ("audit", 'data.yaml --fail-on "never>60 %"', 0, "never"),
            ("labels", "data.yaml", 0, "0 errors"),
            ("labels", "'no such.yaml'", 2, "::error title=yolo-assign labels::error: no such.yaml"),
            ("diff", "a.log a.log", 0, "same in all"),
            ("diff", "a.log b.log", 1, "::error title=yolo-assign diff::"),
            ("trace", "data.yaml", 2, "none of audit, labels, diff"),
            ("audit", "data.yaml --fail-on 'never>0", 2, "cannot be read as in a shell"),  # a quote that never ends
        ],
    )
    def test_it_reports_and_hands_on_the_code(
        self, tools: dict[str, str], tmp_path: Path, command: str, arguments: str, code: int, says: str
    ) -> None:
        site = dataset(tmp_path / "site", UNREACHABLE)
        log = (ROOT / "run.log").read_text(encoding="utf-8")
        (site / "a.log").write_text(log)
        (site / "b.log").write_text(self.one_digit_changed(log))
        variables = {name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for path in variables.values():
            Path(path).touch()
        variables |= tools | {"RUNNER_TEMP": str(tmp_path)}
        values = {"inputs.command": command, "inputs.arguments": arguments, "steps.run.outputs.code": "2"}
        ran, *handed_on = self.steps(site, values, variables, "Run yolo-assign", "Hand on the exit code")
        assert says in ran.stdout, ran.stdout + ran.stderr
        assert handed_on[0].returncode == code
        if "none of" not in says and "shell" not in says:
            assert ran.returncode == 0
            assert Path(values["steps.run.outputs.report"]).read_text() in ran.stdout
            assert f"### yolo-assign {command}" in Path(variables["GITHUB_STEP_SUMMARY"]).read_text()

    @staticmethod
    def one_digit_changed(log: str) -> str:
        lines = log.splitlines(keepends=True)
        at = next(i for i, line in enumerate(lines) if line.startswith("align_metric[") and "0." in line)
        lines[at] = re.sub(r"0\.(\d)", lambda match: f"0.{(int(match[1]) + 1) % 10}", lines[at])
        return "".join(lines)

    def test_what_it_installs_is_enough(self, tmp_path: Path) -> None:
        """Everything but torch, into an environment of its own; the three commands then run."""
        python = tmp_path / "venv" / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", str(python.parents[1])], check=True)
        (install,) = [step for step in ACTION["runs"]["steps"] if step["name"] == "Install yolo-assign"]
        variables = {
            "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
            "RUNNER_TEMP": str(tmp_path),
            "SOURCE": str(ROOT),
            "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
            "PYTHONPATH": "",
        }
        own = os.environ | variables
        bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", install["run"]]
        done = subprocess.run(bash, cwd=tmp_path, env=own, capture_output=True, text=True, timeout=300, check=False)
        if re.search("No matching distribution|Temporary failure|Connection", done.stderr):
            pytest.skip("no package index can be reached")
        assert done.returncode == 0, done.stderr
        site = dataset(tmp_path / "site", GOOD)
        log = str(ROOT / "run.log")
        for arguments in (["labels", "data.yaml"], ["audit", "data.yaml"], ["diff", log, log]):
            command = [str(python.parent / "yolo-assign"), *arguments]
            ran = subprocess.run(command, cwd=site, env=own, capture_output=True, text=True, check=False)
            assert ran.returncode == 0, ran.stdout + ran.stderr
        assert not list(python.parents[1].glob("lib/*/site-packages/torch"))


class TestWorkflows:
    def test_they_use_what_the_action_has(self) -> None:
        assert len(WORKFLOWS) == 2
        for text in WORKFLOWS:
            for job in yaml.safe_load(text)["jobs"].values():
                for step in job["steps"]:
                    if "yolo-assign" in step.get("uses", ""):
                        assert set(step["with"]) <= set(ACTION["inputs"])

    @pytest.mark.skipif(not shutil.which("actionlint"), reason="actionlint is not installed")
    @pytest.mark.parametrize("text", WORKFLOWS)
    def test_actionlint_has_nothing_to_say(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "a.yml").write_text(text)
        done = run("actionlint", "-no-color", "a.yml", cwd=tmp_path)
        assert done.returncode == 0, done.stdout
