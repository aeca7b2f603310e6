"""The service on the wire: the application, its door, its pages, and how it says no; the endpoints are in ``service.api``."""
