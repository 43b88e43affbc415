"""The finger net: prints that nobody ever had, how good each is, and a small regressor that learns to tell."""
