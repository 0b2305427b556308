"""Installs what stands in for the ultralytics package."""

from __future__ import annotations

from pathlib import Path

STANDIN = Path(__file__).with_name("standin.py")
METADATA = "Metadata-Version: 2.1\nName: ultralytics\nVersion: 8.4.190\n"


def install_standin(site: Path) -> Path:
    """Make a package of it in ``site``, with the metadata of a release; returns ``site``."""
    for name, file, text in (
        ("ultralytics", "__init__.py", STANDIN.read_text(encoding="utf-8")),
        ("ultralytics-8.4.190.dist-info", "METADATA", METADATA),
    ):
        (site / name).mkdir()
        (site / name / file).write_text(text, encoding="utf-8")
    return site
