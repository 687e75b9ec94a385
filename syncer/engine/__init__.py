"""Carries out: one run reads both sides, plans, stores its intents, applies them and remembers. It knows ports only."""
