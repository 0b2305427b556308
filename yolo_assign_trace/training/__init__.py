"""What runs inside somebody's training process. docs/watch.md."""
