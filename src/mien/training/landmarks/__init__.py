"""Training of the network that finds 68 landmarks on a face."""
