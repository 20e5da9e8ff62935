"""Run the program as `python -m moderation`."""

from moderation.commands import main

if __name__ == "__main__":
    main()
