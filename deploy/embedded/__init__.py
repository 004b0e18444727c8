"""What `mmgt serve` brings along so that it needs neither configuration nor Docker."""
