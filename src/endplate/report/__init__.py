"""One report, many renderings: JSON, tables, a picture. Nothing here measures."""

from endplate.report.report import Report

__all__ = ["Report"]
