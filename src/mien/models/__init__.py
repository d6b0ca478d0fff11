"""The networks: files and their checks (`zoo`), running them (`runtime`), and one module per thing they tell."""
