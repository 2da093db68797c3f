"""HTTP bodies: as values, in JSON and in XML."""
