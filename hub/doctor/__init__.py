"""Find out what stands between clients and the Hub of this yard: no database, HTTP alone."""

from hub.doctor.examination import Finding, examine

__all__ = ["Finding", "examine"]
