"""Keeps Salesforce in step with the audiences in your own data, and can show what it sent."""

__version__ = "0.1.0"
