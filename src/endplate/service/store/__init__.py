"""Scans, jobs, versions of reviews and the audit trail, in SQLite or PostgreSQL."""

from endplate.service.store.database import sqlite_url
from endplate.service.store.sql_store import SqlStore, opened_store

__all__ = ["SqlStore", "opened_store", "sqlite_url"]
