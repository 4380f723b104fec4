//go:build linux

package offloads

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// stamp has the kernel stamp all frames when they pass, for as long as the test
// lasts. It begins and ceases to do so some time after the first socket asks for it
// and the last one is gone (net_enable_timestamp in net/core/dev.c): recordings that
// follow each other would have frames that were stamped when they were read.
func stamp(t *testing.T) {
	t.Helper()
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(os.NewSyscallError("socket", err))
	}
	t.Cleanup(func() { unix.Close(s) })
	if err := unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		t.Fatal(os.NewSyscallError("SO_TIMESTAMPNS", err))
	}
}
