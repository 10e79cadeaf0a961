"""Behavior rules: small scalar functions, written once and called by both engines."""
