//go:build linux

package guest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain is the machine's init where it is process 1.
func TestMain(m *testing.M) {
	if ifindex := os.Getenv(leaving); ifindex != "" {
		os.Exit(leave(ifindex))
	}
	if os.Getpid() != 1 {
		os.Exit(m.Run())
	}
	fmt.Println("guest: Linux", release())
	code := 1
	if err := furnish(); err != nil {
		fmt.Println("guest:", err)
	} else {
		code = m.Run()
	}
	fmt.Println("guest: done,", code)
	unix.Sync()
	err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	fmt.Println("guest: power off:", err)
}

// inside skips a test that is not in a machine of its own.
func inside(t *testing.T) {
	t.Helper()
	if os.Getpid() != 1 {
		t.Skip("runs in the machines that make test-kernels boots")
	}
}

// release is the kernel's, as uname -r prints it.
func release() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err.Error()
	}
	return string(bytes.TrimRight(u.Release[:], "\x00"))
}

// hasTCX reports whether the kernel is one with TCX, which came with Linux 6.6.
func hasTCX(t *testing.T) bool {
	t.Helper()
	var major, minor int
	if _, err := fmt.Sscanf(release(), "%d.%d", &major, &minor); err != nil {
		t.Fatalf("release %q: %v", release(), err)
	}
	return major > 6 || major == 6 && minor >= 6
}

// mounts are what a system has; bpffs and tracefs are not needed by us, but
// libraries look there.
var mounts = []struct{ kind, at string }{
	{"proc", "/proc"},
	{"sysfs", "/sys"},
	{"devtmpfs", "/dev"},
	{"tmpfs", "/tmp"},
	{"bpf", "/sys/fs/bpf"},
	{"cgroup2", "/sys/fs/cgroup"},
	{"tracefs", "/sys/kernel/tracing"},
}

// furnish makes a system of a bare kernel.
func furnish() error {
	for _, m := range mounts {
		if err := os.MkdirAll(m.at, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, m.at, m.kind, 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m.at, err)
		}
	}
	return load("veth", "sch_ingress", "cls_bpf")
}

// load loads modules from the root folder.
func load(modules ...string) error {
	for _, m := range modules {
		f, err := os.Open(filepath.Join("/", m+".ko"))
		if err != nil {
			return err
		}
		err = unix.FinitModule(int(f.Fd()), "", 0)
		f.Close()
		if err != nil {
			return fmt.Errorf("module %s: %w", m, err)
		}
	}
	return nil
}
