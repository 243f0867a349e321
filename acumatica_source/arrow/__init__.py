"""Turns answers of the web services into typed Arrow tables."""
