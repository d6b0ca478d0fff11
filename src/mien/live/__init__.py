"""Live streams: one mailbox and one analyser per client, one pool of workers for all."""
