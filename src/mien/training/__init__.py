"""The kit that made the models: data, networks, losses, loops, export, quantisation. The only importer of torch."""
