//go:build linux

package bpf

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Capability is one of Linux's (capabilities(7)).
type Capability uint

// The capabilities that parts of live capture need.
const (
	NetAdmin Capability = unix.CAP_NET_ADMIN // programs of the packet path, clsact
	NetRaw   Capability = unix.CAP_NET_RAW   // AF_PACKET
	SysAdmin Capability = unix.CAP_SYS_ADMIN // stands for Perfmon and BPF too, as before Linux 5.8
	Perfmon  Capability = unix.CAP_PERFMON   // tracepoints, and pointer arithmetic in any program
	BPF      Capability = unix.CAP_BPF       // maps and programs
)

// String is the kernel's own name.
func (c Capability) String() string {
	switch c {
	case NetAdmin:
		return "CAP_NET_ADMIN"
	case NetRaw:
		return "CAP_NET_RAW"
	case SysAdmin:
		return "CAP_SYS_ADMIN"
	case Perfmon:
		return "CAP_PERFMON"
	case BPF:
		return "CAP_BPF"
	}
	return fmt.Sprintf("capability %d", uint(c))
}

// Lacks returns what of the capabilities the calling thread does not have in effect,
// in words that fit behind "needs"; it is empty when it has all. In a user namespace
// of its own a process has capabilities that the kernel does not take for BPF.
func Lacks(need ...Capability) (lacks []string) {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData // of 32 capabilities each
	if err := unix.Capget(&head, &sets[0]); err != nil {
		return []string{fmt.Sprintf("capabilities that can be read (capget: %v)", err)}
	}
	has := func(c Capability) bool { return sets[c/32].Effective>>(c%32)&1 != 0 }
	for _, c := range need {
		if !has(c) && !(has(SysAdmin) && (c == BPF || c == Perfmon)) {
			lacks = append(lacks, "capability "+c.String())
		}
	}
	if len(lacks) == 0 && len(need) > 0 && nested() {
		return []string{"capabilities in the initial user namespace (this is another)"}
	}
	return lacks
}

// nested reports whether the process is in another user namespace than the initial
// one, where every user id is itself (user_namespaces(7)).
func nested() bool {
	b, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && strings.Join(strings.Fields(string(b)), " ") != "0 0 4294967295"
}

// Kernel returns the running kernel's version, 0, 0 if it cannot be told.
func Kernel() (major, minor int) {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return 0, 0
	}
	if n, _ := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &major, &minor); n != 2 {
		return 0, 0
	}
	return major, minor
}

// HasBTF reports whether the kernel describes its own types, which programs that
// read its structures need.
func HasBTF() bool {
	_, err := os.Stat("/sys/kernel/btf/vmlinux")
	return err == nil
}
