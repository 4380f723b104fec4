//go:build linux

package owner

import (
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

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

// unavailable tells what is missing, as far as can be found out. What loading takes
// is in bpf_prog_load, kernel/bpf/syscall.c.
func unavailable(err error) error {
	u := bpf.Refused("list who holds which socket", err, bpf.BPF, bpf.Perfmon)
	if len(bpf.Lacks(bpf.BPF, bpf.Perfmon)) == 0 && !bpf.HasBTF() {
		u.Lacks = "BTF of the kernel (CONFIG_DEBUG_INFO_BTF)"
	}
	return u
}
