"""Training of the network that estimates age and gender; what it learns from allows non-commercial research only."""
