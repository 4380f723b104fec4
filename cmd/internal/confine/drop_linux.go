package confine

import (
	"errors"
	"fmt"
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// Drop gives up everything but what is allowed, for all threads and those to come,
// and for good. The user stays who it is. A kernel without Landlock is no error: the
// report says so. After an error the process may be half confined: end it.
func Drop(a Allow) (Report, error) {
	if err := noNewPrivs(); err != nil {
		return Report{}, fmt.Errorf("confine: no new privileges: %w", err)
	}
	// Files first: afterwards folders that only root may enter could not be found.
	r, err := restrict(a)
	if err != nil {
		return r, fmt.Errorf("confine: landlock: %w", err)
	}
	r.NetAdmin = a.NetAdmin
	if err := dropCapabilities(a.NetAdmin); err != nil {
		return r, fmt.Errorf("confine: capabilities: %w", err)
	}
	return r, check(a.NetAdmin)
}

// noNewPrivs is not left to Landlock's library: it does nothing on a kernel without.
func noNewPrivs() error {
	if _, _, errno := psx.Syscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// Rights to what is below a path. Nothing may be executed.
const (
	readFile  = ll.AccessFSReadFile
	readDir   = readFile | ll.AccessFSReadDir
	writeFile = readFile | ll.AccessFSWriteFile | ll.AccessFSTruncate
	writeDir  = writeFile | ll.AccessFSReadDir | ll.AccessFSMakeReg | ll.AccessFSRemoveFile
)

// newest is the ABI whose rights are used: the newest that the library knows.
const newest = 11

// restrict puts the rules in force that the kernel knows.
func restrict(a Allow) (Report, error) {
	abi, err := ll.LandlockGetABIVersion()
	switch {
	case errors.Is(err, unix.EOPNOTSUPP):
		return Report{Lacks: "switched off (kernel's command line, lsm=)"}, nil
	case err != nil || abi <= 0:
		return Report{Lacks: "not in this kernel (CONFIG_SECURITY_LANDLOCK)"}, nil
	}
	rules, err := tasks()
	if err != nil {
		return Report{}, err
	}
	for _, set := range []struct {
		paths     []string
		file, dir landlock.AccessFSSet
	}{{a.Read, readFile, readDir}, {a.Write, writeFile, writeDir}} {
		for _, path := range set.paths {
			info, err := os.Stat(path)
			if err != nil {
				return Report{}, err
			}
			rights := set.file
			if info.IsDir() {
				rights = set.dir
			}
			rules = append(rules, landlock.PathAccess(rights, path))
		}
	}
	return Report{Landlock: min(abi, newest)}, config(abi).Restrict(rules...)
}

// config refuses all that the kernel can refuse, but for one thing: before Linux
// 6.15 (ABI 7) signals from one thread to another of the same process were refused
// too (landlock.rst, erratum 2), and Go's runtime stops its threads by them.
func config(abi int) landlock.Config {
	c := landlock.V11
	if abi < 7 {
		c.Scoped &^= ll.ScopeSignal
	}
	return c.BestEffort()
}

// held keeps /proc/self/task: the kernel may forget such a folder that nobody has
// open, make it anew, and then the rule would be about another one.
var held *os.File

// tasks lets the process read about itself: for Status, and for psx in a build with
// cgo, which looks there whether all threads obeyed.
func tasks() ([]landlock.Rule, error) {
	if held == nil {
		f, err := os.Open(taskDir)
		if err != nil {
			return nil, err
		}
		held = f
	}
	return []landlock.Rule{landlock.PathAccess(readDir, taskDir)}, nil
}

// dropCapabilities empties all sets of all threads; the bounding set where that is
// allowed (CAP_SETPCAP). One may be left.
func dropCapabilities(netAdmin bool) error {
	if may, err := cap.GetProc().GetFlag(cap.Effective, cap.SETPCAP); err != nil {
		return err
	} else if may {
		for c := cap.Value(0); c < cap.MaxBits(); c++ {
			if err := cap.DropBound(c); err != nil {
				return fmt.Errorf("bounding set: %v: %w", c, err)
			}
		}
	}
	if err := cap.ResetAmbient(); err != nil {
		return fmt.Errorf("ambient set: %w", err)
	}
	left := cap.NewSet()
	if netAdmin {
		for _, flag := range []cap.Flag{cap.Permitted, cap.Effective} {
			if err := left.SetFlag(flag, true, cap.NET_ADMIN); err != nil {
				return err
			}
		}
	}
	return left.SetProc()
}

// check does not believe it.
func check(netAdmin bool) error {
	var left uint64
	if netAdmin {
		left = 1 << unix.CAP_NET_ADMIN
	}
	threads, err := Status()
	if err != nil {
		return fmt.Errorf("confine: %w", err)
	}
	for _, t := range threads {
		if !t.has(left) {
			return fmt.Errorf("confine: %v", t)
		}
	}
	return nil
}
