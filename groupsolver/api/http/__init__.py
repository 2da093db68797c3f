"""HTTP itself: routes, requests, responses, errors, entity tags."""
