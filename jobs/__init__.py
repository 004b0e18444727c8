"""What the HTTP face and the workers share: job records, queues, storage. Built by a later issue."""
