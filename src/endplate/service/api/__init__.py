"""The endpoints below ``/api``, a file per noun."""
