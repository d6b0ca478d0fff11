"""Training of the face detector with five points: an anchor-free network of plain convolutions."""
