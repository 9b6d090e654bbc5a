"""Seeded episodes in the lock-step simulation: several policies and settings side by side.

``takt eval`` is the command; ``evaluate`` the function behind it. Pairing by seed, intervals
and a file of results that can be taken up again belong here, not to the tasks or the policies.
"""
