//go:build linux

package testimony

import (
	"errors"
	"fmt"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"

	"chokepoint/bpf"
)

const (
	what         = "hear what the kernel drops, resets and connects"
	defaultRing  = 1 << 20
	noArgument   = "the reason of a drop as the kernel tells it (Linux 5.17)"
	noBTF        = "BTF of the kernel (CONFIG_DEBUG_INFO_BTF)"
	noTracepoint = "the tracepoint %s (CONFIG_NET)"
)

// needs are the capabilities of loading and attaching.
var needs = []bpf.Capability{bpf.BPF, bpf.Perfmon}

// dialect is what differs between kernels.
type dialect struct {
	drops, resets                      names
	rxSocket, resetReason, resendError bool
}

// learn reads it from the kernel's description of itself.
func learn(kernel *btf.Spec) (d dialect, err error) {
	arguments := func(tracepoint string) int {
		n, e := arity(kernel, tracepoint)
		err = errors.Join(err, e)
		return n
	}
	drop := arguments("kfree_skb")
	d.rxSocket = drop >= 4
	d.resetReason = arguments("tcp_send_reset") >= 3
	d.resendError = arguments("tcp_retransmit_skb") >= 3
	if err != nil {
		return d, err
	}
	d.drops = enumeration(kernel, "skb_drop_reason", "SKB_DROP_REASON_")
	if drop < 3 || d.drops == nil {
		return d, &bpf.Unavailable{What: what, Lacks: noArgument}
	}
	if d.resetReason {
		d.resets = enumeration(kernel, "sk_rst_reason", "SK_RST_REASON_")
	}
	return d, nil
}

// arity counts the arguments of a tracepoint. The function that the kernel declares
// for it (include/trace/bpf_probe.h) has the program's own data before them.
func arity(kernel *btf.Spec, tracepoint string) (int, error) {
	var t *btf.Typedef
	if err := kernel.TypeByName("btf_trace_"+tracepoint, &t); err != nil {
		return 0, &bpf.Unavailable{What: what, Lacks: fmt.Sprintf(noTracepoint, tracepoint), Err: err}
	}
	if p, ok := t.Type.(*btf.Pointer); ok {
		if f, ok := p.Target.(*btf.FuncProto); ok {
			return len(f.Params) - 1, nil
		}
	}
	return 0, &bpf.Unavailable{What: what, Lacks: fmt.Sprintf(noTracepoint, tracepoint)}
}

// Load loads and attaches the programs. The error is a *bpf.Unavailable where
// something is missing. The programs stay while the Program is open; what it is
// asked then needs no capability any more.
func Load(c Config) (*Program, error) {
	if lacks := bpf.Lacks(needs...); len(lacks) > 0 {
		return nil, bpf.Refused(what, os.ErrPermission, needs...)
	}
	if !bpf.HasBTF() {
		return nil, &bpf.Unavailable{What: what, Lacks: noBTF}
	}
	types := btf.NewCache()
	kernel, err := types.Kernel()
	if err != nil {
		return nil, &bpf.Unavailable{What: what, Lacks: noBTF, Err: err}
	}
	p := &Program{}
	if p.dialect, err = learn(kernel); err != nil {
		return nil, err
	}
	if err := p.load(c, types); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// load makes the kernel's side.
func (p *Program) load(c Config, types *btf.Cache) error {
	spec, err := loadFacts()
	if err == nil {
		err = p.dialect.settle(spec, c)
	}
	if err != nil {
		return err // of ours
	}
	if err := spec.LoadAndAssign(&p.kernel, &ebpf.CollectionOptions{Cache: types}); err != nil {
		return bpf.Refused(what, err, needs...)
	}
	if err := p.fill(spec, c); err != nil {
		return bpf.Refused(what, err, needs...)
	}
	for _, prog := range p.programs() {
		l, err := link.AttachTracing(link.TracingOptions{Program: prog, AttachType: ebpf.AttachTraceRawTp})
		if err != nil {
			return bpf.Refused(what, err, needs...)
		}
		p.links = append(p.links, l)
	}
	return nil
}

// settle writes the constants of the program and the sizes of its maps.
func (d *dialect) settle(spec *ebpf.CollectionSpec, c Config) error {
	ring := c.RingBytes
	if ring == 0 {
		ring = defaultRing
	}
	spec.Maps[factsMapRing].MaxEntries = uint32(ring)
	spec.Maps[factsMapNamespaces].MaxEntries = uint32(max(1, len(c.Netns)))
	var err error
	for name, value := range map[string]any{
		factsVarEverywhere:     len(c.Netns) == 0,
		factsVarHasRxSocket:    d.rxSocket,
		factsVarHasResetReason: d.resetReason,
		factsVarHasSendError:   d.resendError,
		factsVarReasons:        byNumber(d.drops),
	} {
		if e := spec.Variables[name].Set(value); e != nil {
			err = errors.Join(err, fmt.Errorf("constant %s: %w", name, e))
		}
	}
	return err
}

// fill makes the pages, and everything else that must be there before the first
// event.
func (p *Program) fill(spec *ebpf.CollectionSpec, c Config) (err error) {
	for _, inum := range c.Netns {
		if err := p.kernel.Namespaces.Put(inum, uint8(1)); err != nil {
			return err
		}
	}
	for i := range p.pages {
		if p.pages[i], err = ebpf.NewMap(spec.Maps[factsMapCurrent].InnerMap); err != nil {
			return err
		}
	}
	if err := p.turn(); err != nil {
		return err
	}
	p.ring, err = ringbuf.NewReader(p.kernel.Ring)
	return err
}
