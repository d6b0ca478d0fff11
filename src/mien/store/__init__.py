"""What is kept on disk; never pictures."""
