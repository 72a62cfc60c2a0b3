"""What one GPU is asked in nine minutes: does it compute what a CPU does, and how fast is a whole step."""
