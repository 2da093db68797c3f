"""The bodies of ``/v1.0`` as typed values."""
