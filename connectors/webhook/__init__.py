"""Signed webhooks after the Standard Webhooks specification."""
