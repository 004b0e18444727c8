"""What the HTTP face and the workers share: job records, the store and its verbs, queues, storage, events, settings."""
