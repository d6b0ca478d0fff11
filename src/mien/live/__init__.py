"""Live streams: the newest frame always wins, every stream gets its turn, nobody waits for a slow one."""
