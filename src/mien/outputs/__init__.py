"""Where results go: JSON values, tables, drawn pictures and videos."""
