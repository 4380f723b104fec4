//go:build linux

package bpf

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Refused tells why the kernel did not do what it was asked, from what this process
// lacks of what it needs; from the error only where it lacks nothing. EPERM alone
// says nothing: the kernel answers it for any of several reasons.
func Refused(what string, err error, need ...Capability) *Unavailable {
	u := &Unavailable{What: what, Err: err}
	if lacks := Lacks(need...); len(lacks) > 0 {
		u.Lacks, u.Advice = strings.Join(lacks, ", "), "run it as root, or "+setcap(need)
		if nested() { // root here is nobody there
			u.Advice = "run it outside of the container, or in one with the host's user namespace"
		}
		return u
	}
	u.Lacks = missing(err)
	return u
}

// setcap is the command that gives the program what it needs.
func setcap(need []Capability) string {
	names := make([]string, len(need))
	for i, c := range need {
		names[i] = strings.ToLower(c.String())
	}
	return "setcap " + strings.Join(names, ",") + "+ep on the program"
}

func missing(err error) string {
	var verifier *ebpf.VerifierError
	switch {
	case errors.As(err, &verifier):
		major, minor := Kernel()
		return fmt.Sprintf("a kernel that accepts the program, as Linux 6.1, 6.12 and 6.18 do (this is %d.%d)", major, minor)
	case errors.Is(err, unix.ENOSYS):
		return "the bpf system call (CONFIG_BPF_SYSCALL)"
	case errors.Is(err, ebpf.ErrNotSupported):
		major, minor := Kernel()
		return fmt.Sprintf("a newer kernel, or one with more options (this is %d.%d)", major, minor)
	case errors.Is(err, unix.ENOMEM):
		// Since Linux 5.11 it is the control group's limit, not RLIMIT_MEMLOCK.
		return "more memory for maps than the control group may have (memory.max)"
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return "permission: all capabilities are there, a security module, seccomp or lockdown is in the way"
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENOENT):
		return "the interface: it is gone"
	}
	return "what the kernel did not give"
}
