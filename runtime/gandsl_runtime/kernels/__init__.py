"""Kernels for CUDA, in Triton, one file each: imported where a CUDA device wants one."""
