"""The reference bundle for passive presentation attack detection, from published weights that are never kept here."""
