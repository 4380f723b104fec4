//go:build !linux

package heap

// roomy does nothing where the kernel is not asked for huge pages.
func roomy() {}
