"""The course of a watched training: what its assigner did, epoch by epoch. docs/watch.md."""
