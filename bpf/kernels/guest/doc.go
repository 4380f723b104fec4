// Package guest is tests that run in the virtual machines of package kernels, as
// the only process there is: the program that "go test -c" makes of them is the
// machine's init. Elsewhere they are skipped.
package guest
