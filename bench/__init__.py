"""Speed and memory, measured: one command per figure, each beside a named peer in the same run."""
