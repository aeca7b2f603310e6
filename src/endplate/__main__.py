"""``python -m endplate`` is ``endplate``."""

from endplate.cli import main

if __name__ == "__main__":
    main()
