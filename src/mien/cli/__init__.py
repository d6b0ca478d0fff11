"""The `mien` command: one file per subcommand."""
