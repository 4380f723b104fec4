//go:build linux

package packets

import (
	"errors"
	"fmt"
	"io"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"chokepoint/bpf"
)

// loopback is the number of lo in every namespace (LOOPBACK_IFINDEX of
// include/net/flow.h).
const loopback = 1

// AttachTCX attaches to both directions of an interface of the calling thread's
// network namespace; the attachment ends with Close or with the process. l3 says
// that its frames have no link header. It needs Linux 6.6 and, since the program is
// loaded, no capability. On loopback, where everything that goes out comes in, only
// what comes in is seen: the plan counts each packet once. It goes before other programs, which may end a packet's way.
func (p *Program) AttachTCX(ifindex int, l3 bool) (io.Closer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	in, out := p.programs(l3)
	var links pair
	for i, way := range [2]struct {
		program *ebpf.Program
		attach  ebpf.AttachType
	}{{in, ebpf.AttachTCXIngress}, {out, ebpf.AttachTCXEgress}} {
		if i == 1 && ifindex == loopback {
			break
		}
		l, err := link.AttachTCX(link.TCXOptions{Interface: ifindex, Program: way.program, Attach: way.attach, Anchor: link.Head()})
		if err != nil {
			return nil, errors.Join(noTCX(ifindex, err), links.Close())
		}
		links[i] = l
	}
	return &links, nil
}

func noTCX(ifindex int, err error) error {
	what := fmt.Sprintf("attaching to interface %d by TCX", ifindex)
	if errors.Is(err, ebpf.ErrNotSupported) {
		return &bpf.Unavailable{What: what, Lacks: "Linux 6.6", Advice: "use clsact", Err: err}
	}
	return bpf.Refused(what, err)
}

// pair is closed twice without harm.
type pair [2]io.Closer

// Close implements io.Closer.
func (p *pair) Close() (err error) {
	for i, c := range p {
		if c != nil {
			err = errors.Join(err, c.Close())
			p[i] = nil
		}
	}
	return err
}
