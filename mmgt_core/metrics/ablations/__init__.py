"""Table V: what the method loses by each of its parts, and whether the paper's orderings appear at this scale."""
