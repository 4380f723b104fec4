// Package kernels has a test that boots older kernels in virtual machines, and in
// them runs the tests of package guest: whether the verifier of Linux 6.1 takes
// our programs, and what falls back to what, is not to be known on a newer one.
//
//	CHOKEPOINT_KERNELS=1 go test ./bpf/kernels
//
// The kernels are Debian's, from wherever apt gets its packages; they are kept as
// packages in the user's cache folder and never installed. The machines are
// emulated (qemu's TCG): no root, no /dev/kvm, but a minute or two.
package kernels
