from __future__ import annotations

from hypothesis import settings

# A shared, loaded machine is no reason for a property to fail.
settings.register_profile("adapters", deadline=None)
settings.load_profile("adapters")
