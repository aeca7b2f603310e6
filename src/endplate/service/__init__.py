"""``endplate serve``: scans in, reviews out, over HTTP; jobs that survive a crash; a store of versions and an audit trail."""
