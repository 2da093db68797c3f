"""What goes over HTTP: the bodies as values, in JSON and in XML."""
