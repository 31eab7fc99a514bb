"""What bodies must look like, and what answers do."""
