// Package confine gives up what a process may do, before the first foreign byte is
// parsed: whoever finds a fault in a parser of ours gains a process without a
// capability, that cannot open what it was not told to, nor a TCP connection.
//
// What is open stays open: listeners, rings, files. Open them before.
package confine

import (
	"fmt"
	"strings"
)

// Allow is what the process may still open. Paths must exist; symbolic links are
// followed once, now.
//
// It is files that are allowed, not names: one that is replaced, as editors do,
// is another file. What is to be read again later (SIGHUP) is allowed by its folder.
type Allow struct {
	Read  []string // files, and folders with all below
	Write []string // the same, to read too; in folders files may be made, renamed and removed
	// NetAdmin keeps CAP_NET_ADMIN, for who removes filters and reads nothing foreign.
	NetAdmin bool
}

// Report is what is in force.
type Report struct {
	Landlock int    // ABI of the rules in force (landlock(7)), 0 none
	Lacks    string // why there are none: "not in this kernel"
	NetAdmin bool   // that capability is left
}

// TCP reports whether connect and bind of TCP are refused: from ABI 4, Linux 6.7.
func (r Report) TCP() bool { return r.Landlock >= 4 }

// String is for logs: "no capabilities, landlock ABI 7 (files, TCP)".
func (r Report) String() string {
	left := "no capabilities"
	if r.NetAdmin {
		left = "CAP_NET_ADMIN alone"
	}
	switch {
	case r.Landlock == 0:
		return left + ", landlock " + r.Lacks
	case !r.TCP():
		return fmt.Sprintf("%s, landlock ABI %d (files)", left, r.Landlock)
	}
	return fmt.Sprintf("%s, landlock ABI %d (files, TCP)", left, r.Landlock)
}

// Thread is what a thread of this process may do, as proc_pid_status(5) tells it:
// a bit for each capability, by its number.
type Thread struct {
	ID                                                   int
	Inheritable, Permitted, Effective, Bounding, Ambient uint64
	NoNewPrivs                                           bool // execve gives it nothing
}

// Bare reports whether the thread has no capability and gets none. The bounding
// set does not matter then: it limits only what execve gives.
func (t Thread) Bare() bool { return t.has(0) }

// has reports whether these capabilities are all that the thread has and gets.
func (t Thread) has(left uint64) bool {
	return t.NoNewPrivs && t.Inheritable|t.Ambient == 0 && t.Permitted == left && t.Effective == left
}

// String is for logs.
func (t Thread) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "thread %d: ", t.ID)
	if t.Bare() {
		b.WriteString("no capabilities")
		return b.String()
	}
	fmt.Fprintf(&b, "CapInh %x CapPrm %x CapEff %x CapAmb %x NoNewPrivs %t", t.Inheritable, t.Permitted, t.Effective, t.Ambient, t.NoNewPrivs)
	return b.String()
}
