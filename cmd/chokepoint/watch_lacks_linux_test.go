package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"
)

// nobody is the user without any right (Debian Policy, 9.2.2).
const nobody = 65534

// lessen makes the process one that lacks something: "nobody", "without CAP_...", or
// "no BTF", for which it must have mounts of its own.
func lessen(how string) (isLess bool, err error) {
	names, without := strings.CutPrefix(how, "without ")
	switch {
	case how == "nobody":
		return true, syscall.Setuid(nobody)
	case how == "no BTF":
		return true, unix.Mount("none", "/sys/kernel/btf", "tmpfs", unix.MS_RDONLY, "")
	case !without:
		return false, nil
	}
	left := cap.GetProc()
	for _, name := range strings.Fields(names) {
		c, err := cap.FromName(strings.ToLower(name))
		if err != nil {
			return true, err
		}
		for _, flag := range []cap.Flag{cap.Effective, cap.Permitted} {
			if err := left.SetFlag(flag, false, c); err != nil {
				return true, err
			}
		}
	}
	return true, left.SetProc()
}

// lesser runs the command as somebody who lacks something.
func lesser(t *testing.T, how string, attr *syscall.SysProcAttr, args ...string) told {
	t.Helper()
	n := needRoot(t)
	cmd := exec.Command(os.Args[0], append([]string{"watch", "-i", "lo", "--duration", "300ms"}, args...)...)
	cmd.Env = append(os.Environ(), childEnv+"="+how)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = &stdout, &stderr, attr
	if err := n.Do(cmd.Start); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	return told{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// contained is a container's root: of a user namespace, and a network, of its own.
func contained() *syscall.SysProcAttr {
	own := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}}
	return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET, UidMappings: own, GidMappings: own}
}

// What is missing is told in a sentence, and nothing else is.
func TestWhatIsMissingIsNamed(t *testing.T) {
	const (
		packetProgram = "chokepoint: loading the packet program needs "
		asRoot        = ": run it as root, or setcap cap_bpf,cap_net_admin,cap_perfmon+ep on the program\n"
		rawAsRoot     = ": run it as root, or give it to the program: setcap cap_net_raw+ep\n"
		outside       = ": run it outside of the container, or in one with the host's user namespace\n"
	)
	for name, c := range map[string]struct {
		how, backend string
		attr         *syscall.SysProcAttr
		want         string
	}{
		"an ordinary user": {"nobody", "auto", nil,
			"chokepoint: live capture needs capability CAP_BPF, capability CAP_NET_ADMIN, capability CAP_PERFMON, or at least capability CAP_NET_RAW: run it as root\n"},
		"an ordinary user, without eBPF": {"nobody", "afpacket", nil, "chokepoint: capture on lo by AF_PACKET needs capability CAP_NET_RAW" + rawAsRoot},
		"no CAP_BPF":                     {"without CAP_BPF CAP_SYS_ADMIN", "tcx", nil, packetProgram + "capability CAP_BPF" + asRoot},
		"no CAP_PERFMON":                 {"without CAP_PERFMON CAP_SYS_ADMIN", "tcx", nil, packetProgram + "capability CAP_PERFMON" + asRoot},
		"no CAP_NET_ADMIN":               {"without CAP_NET_ADMIN CAP_SYS_ADMIN", "tcx", nil, packetProgram + "capability CAP_NET_ADMIN" + asRoot},
		"no CAP_NET_RAW":                 {"without CAP_NET_RAW", "afpacket", nil, "chokepoint: capture on lo by AF_PACKET needs capability CAP_NET_RAW" + rawAsRoot},
		"a container": {"real", "tcx", contained(),
			packetProgram + "capabilities in the initial user namespace (this is another)" + outside},
		"clsact without CAP_NET_ADMIN": {"without CAP_NET_ADMIN CAP_SYS_ADMIN", "clsact", nil, packetProgram + "capability CAP_NET_ADMIN" + asRoot},
	} {
		t.Run(name, func(t *testing.T) {
			got := lesser(t, c.how, c.attr, "--backend", c.backend)
			if got.code != exitPrivilege || got.stdout != "" || got.stderr != c.want {
				t.Errorf("code %d, stdout %q, stderr\n%swant\n%s", got.code, got.stdout, got.stderr, c.want)
			}
		})
	}
}

// What can be done with less is done, and what is lost by it is told.
func TestLessIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		how     string
		backend string
		lost    []string
	}{
		"no CAP_BPF": {"without CAP_BPF CAP_SYS_ADMIN", "afpacket", []string{"what this host itself dropped", "which process was talking (capability CAP_BPF)"}},
		"no BTF":     {"no BTF", "tcx", []string{"what this host itself dropped", "(BTF of the kernel (CONFIG_DEBUG_INFO_BTF))"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := lesser(t, c.how, &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}, "--backend", "auto")
			if got.code != exitDone || got.stdout == "" || !strings.Contains(got.stderr, "warning: listening on lo by "+c.backend) {
				t.Errorf("code %d: %s", got.code, got.stderr)
			}
			for _, what := range c.lost {
				if !strings.Contains(got.stderr, what) {
					t.Errorf("%q is not in %s", what, got.stderr)
				}
			}
		})
	}
}
