"""Videos that were sent to the server: kept in a folder each, analysed one after the other, shown in a player."""
