//go:build linux

package owner

import (
	"errors"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"chokepoint/bpf"
)

// attach loads the program and attaches it. The link keeps the program.
func attach() (*link.Iter, error) {
	spec, err := loadIter()
	if err != nil {
		return nil, unavailable(err)
	}
	// The program alone: it has no maps.
	prog, err := ebpf.NewProgram(spec.Programs[iterProgSockets])
	if err != nil {
		return nil, unavailable(err)
	}
	defer prog.Close()
	it, err := link.AttachIter(link.IterOptions{Program: prog})
	if err != nil {
		return nil, unavailable(err)
	}
	return it, nil
}

// unavailable tells what is missing, as far as can be found out.
func unavailable(err error) error {
	u := &bpf.Unavailable{What: "list who holds which socket", Err: err}
	_, noBTF := os.Stat("/sys/kernel/btf/vmlinux")
	switch missing := capabilities(); {
	case len(missing) > 0:
		u.Lacks, u.Advice = "capability "+strings.Join(missing, ", "), "run it as root, or give it the capability"
		if len(missing) > 1 {
			u.Lacks = "capabilities " + strings.Join(missing, ", ")
			u.Advice = "run it as root, or give it the capabilities"
		}
	case noBTF != nil:
		u.Lacks = "BTF of the kernel (CONFIG_DEBUG_INFO_BTF)"
	case errors.Is(err, unix.EPERM):
		u.Lacks = "a kernel that lets root read its memory (lockdown=none)"
	default:
		// bpf_get_socket_cookie for tracing programs is the newest thing used.
		u.Lacks = "Linux 5.12"
	}
	return u
}

// needed are what loading takes (bpf_prog_load, kernel/bpf/syscall.c).
var needed = []struct {
	bit  uint
	name string
}{{unix.CAP_BPF, "CAP_BPF"}, {unix.CAP_PERFMON, "CAP_PERFMON"}}

// capabilities returns which of those needed this thread lacks. CAP_SYS_ADMIN
// stands for both.
func capabilities() (missing []string) {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData // of 32 capabilities each
	if unix.Capget(&head, &sets[0]) != nil {
		return nil
	}
	has := func(bit uint) bool { return sets[bit/32].Effective>>(bit%32)&1 != 0 }
	for _, c := range needed {
		if !has(c.bit) && !has(unix.CAP_SYS_ADMIN) {
			missing = append(missing, c.name)
		}
	}
	return missing
}
