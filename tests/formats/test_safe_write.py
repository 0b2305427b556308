"""The partial file: nobody can foresee, reach or read it, and nobody's is taken away."""

from __future__ import annotations

import os
import re
import stat

import pytest

from yolo_assign_trace.formats.safe_write import SafeFile, write_whole

OLD = b"what was there before"


@pytest.fixture
def final(tmp_path):
    return tmp_path / "run.log"


def parts(folder):
    return sorted(folder.glob(".*.part"))


def test_its_name_is_another_one_every_time(final):
    names = set()
    for _ in range(5):
        file = SafeFile(final, "log")
        (part,) = parts(final.parent)
        assert re.fullmatch(r"\.run\.log\.[0-9a-f]{16}\.part", part.name)
        names.add(part.name)
        file.discard()
    assert len(names) == 5
    assert parts(final.parent) == []


def test_a_link_or_file_that_was_planted_is_neither_followed_nor_replaced(final, monkeypatch):
    target = final.with_name("precious")
    target.write_bytes(OLD)
    final.with_name(f".run.log.{'0' * 16}.part").symlink_to(target)
    final.with_name(f".run.log.{'1' * 16}.part").write_bytes(OLD)
    names = iter(["0" * 16, "1" * 16, "2" * 16])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(names))
    monkeypatch.setattr("yolo_assign_trace.formats.safe_write._remove_abandoned", lambda _: None)
    write_whole(final, "log", b"new")
    assert final.read_bytes() == b"new"
    assert target.read_bytes() == OLD
    assert [part.name[9] for part in parts(final.parent)] == ["0", "1"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_it_has_the_permissions_of_the_file_before_anything_is_in_it(final, mode):
    final.write_bytes(OLD)
    final.chmod(mode)
    before = os.umask(0o022)
    try:
        file = SafeFile(final, "log")
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.fstat(file.file.fileno()).st_mode) == mode
    file.commit()
    assert stat.S_IMODE(final.stat().st_mode) == mode


def test_a_new_file_has_the_permissions_that_any_has(final):
    before = os.umask(0o027)
    try:
        write_whole(final, "log", b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(final.stat().st_mode) == 0o640


def test_that_of_another_process_is_kept_and_that_of_a_dead_one_removed(final):
    """Two writers of one name: whoever ends last is what the file holds, and neither is torn."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:  # a process that is killed while it writes
        SafeFile(final, "log").write(b"half")
        os.write(write_end, b"x")
        os.kill(os.getpid(), 9)
    os.read(read_end, 1)
    os.waitpid(child, 0)
    (abandoned,) = parts(final.parent)
    one = SafeFile(final, "log")
    assert abandoned not in parts(final.parent)
    two = SafeFile(final, "log")
    assert len(parts(final.parent)) == 2
    one.write(b"one")
    two.write(b"two")
    two.commit()
    assert final.read_bytes() == b"two"
    one.commit()
    assert final.read_bytes() == b"one"
    assert parts(final.parent) == []


def test_a_name_as_long_as_names_may_be(tmp_path):
    write_whole(tmp_path / ("x" * 255), "log", b"new")
    assert (tmp_path / ("x" * 255)).read_bytes() == b"new"
