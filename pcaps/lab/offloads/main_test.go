//go:build linux

package offloads

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// alone is set in the environment of the process that has one processor only.
const alone = "OFFLOADS_TEST_ALONE"

// TestMain has the tests run on one processor. On several, packets of a connection
// overtake each other between one observer and the next, and each is right about the
// order that it saw.
func TestMain(m *testing.M) {
	if os.Getenv(alone) == "" {
		if err := onOne(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// onOne begins this program anew. Only so do all threads of a process stay where one
// of them is.
func onOne() error {
	runtime.LockOSThread()
	var may, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &may); err != nil {
		return os.NewSyscallError("sched_getaffinity", err)
	}
	for cpu := range len(may) * 64 {
		if may.IsSet(cpu) {
			one.Set(cpu)
			break
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return os.NewSyscallError("sched_setaffinity", err)
	}
	return syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), alone+"=1"))
}
