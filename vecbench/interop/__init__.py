"""Files and programs of others: what they wrote is read, what they read is written."""
