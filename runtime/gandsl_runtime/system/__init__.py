"""What a run asks of its machine: files, signals, devices, memory."""
