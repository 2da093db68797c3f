"""What the commands write: lines, tables, reports, progress, files."""
