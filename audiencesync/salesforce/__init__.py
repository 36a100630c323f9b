"""Talking to Salesforce: sign-in, session, describe, Collections, Bulk API 2.0, queries, limits."""
