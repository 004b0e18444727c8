"""Before the first job: what this machine does best with these networks, found by measuring."""
