"""Jobs that outlive the process that does them: finding scans, measuring them, taking finished reports."""
