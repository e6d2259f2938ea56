"""The command line, where the package is run as a module."""

from bot.shell.cli import main

if __name__ == "__main__":
    main()
