"""``python -m yolo_assign_trace``."""

from .cli.main import main

if __name__ == "__main__":
    main()
