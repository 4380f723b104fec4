package bpf

import "fmt"

// Unavailable says what is missing for a part of live capture: a capability, a
// feature of the kernel, an option it was built without.
type Unavailable struct {
	What   string // what cannot be done: "attach to eth0 by TCX"
	Lacks  string // what is missing: "capability CAP_BPF", "BTF of the kernel (CONFIG_DEBUG_INFO_BTF)", "Linux 6.6"
	Advice string // what to do about it, "" nothing
	Err    error  // what the kernel answered, or nil
}

// Error implements error: one sentence. Where it is known what to do, the kernel's
// answer adds nothing: EPERM, and what is read into it.
func (u *Unavailable) Error() string {
	s := fmt.Sprintf("%s needs %s", u.What, u.Lacks)
	if u.Advice != "" {
		s += ": " + u.Advice
	} else if u.Err != nil {
		s += fmt.Sprintf(" (%v)", u.Err)
	}
	return s
}

// Unwrap returns what the kernel answered.
func (u *Unavailable) Unwrap() error { return u.Err }
