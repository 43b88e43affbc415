"""Simulated presentations for the evaluation of presentation attack detection: bona fide heads and attack species."""
