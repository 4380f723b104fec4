//go:build !linux

package main

// roomyHeap does nothing where the kernel is not asked for huge pages.
func roomyHeap() {}
