"""By which release labels are read: how it is written, and what is none."""

from __future__ import annotations

import pytest

from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.inputs.labels.rules import TODAY, rules_as

RELEASES = [
    # as written, name
    ("8.3.200", "8.3.200"),
    ("ultralytics==8.3.200", "8.3.200"),
    ("v8.4.60", "8.4.60"),
    ("8.4", "8.4.0"),
    ("9.9.9", "9.9.9"),  # later ones are taken to read alike
]


@pytest.mark.parametrize(("text", "name"), RELEASES)
def test_a_release_can_be_written_in_several_ways(text, name):
    assert rules_as(text).name == name


@pytest.mark.parametrize("text", ["yolov8", "8", "", "8.3.x", "7.0.0"])
def test_what_is_no_release_is_refused(text):
    with pytest.raises(InputError) as caught:
        rules_as(text)
    assert (caught.value.id, caught.value.where) == ("unknown-release", "labels_as")


def test_the_default_is_the_newest_release_that_was_measured():
    assert rules_as("8.4.190") == TODAY
