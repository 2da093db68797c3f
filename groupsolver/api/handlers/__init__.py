"""The handlers of ``/v1.0``, one module for each resource."""
