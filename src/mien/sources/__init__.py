"""Where frames come from. Each source yields `Frame` values with true presentation times."""
