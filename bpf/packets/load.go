//go:build linux

package packets

import (
	"errors"
	"fmt"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"

	"chokepoint/bpf"
)

// needs are the capabilities that the program is loaded with. Attaching by TCX
// needs none of them any more.
var needs = []bpf.Capability{bpf.BPF, bpf.NetAdmin, bpf.Perfmon}

// What Config's zeroes stand for.
const (
	defaultRing  = 16 << 20 // bytes: a second of 200,000 headers
	defaultFlows = 1 << 16  // 13 MB
)

// wakeBytes is how much a CPU writes before it wakes the reader: measured, a
// wake-up for every record costs ten times what all the rest does.
const wakeBytes = 64 << 10

// Load loads the program. The error is a *bpf.Unavailable where something is missing.
func Load(c Config) (*Program, error) {
	if c.RingBytes == 0 {
		c.RingBytes = defaultRing
	}
	if c.Flows == 0 {
		c.Flows = defaultFlows
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	spec, err := loadObject()
	if err != nil {
		return nil, err
	}
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		return nil, err
	}
	if err := c.set(spec, cpus); err != nil {
		return nil, err
	}
	p := &Program{counters: make([]counters, cpus)}
	if err := spec.LoadAndAssign(&p.objects, nil); err != nil {
		return nil, bpf.Refused("loading the packet program", err, needs...)
	}
	if p.reader, err = ringbuf.NewReader(p.Ring); err != nil {
		return nil, errors.Join(fmt.Errorf("the ring of the packet program: %w", err), p.unload())
	}
	if p.ring, err = openRing(p.Ring.FD(), c.RingBytes); err != nil {
		return nil, errors.Join(err, p.reader.Close(), p.unload())
	}
	return p, nil
}

func (c Config) check() error {
	switch {
	case c.Whole < 1 || c.Whole > MaxWhole:
		return fmt.Errorf("whole packets of %d bytes: 1 to %d are possible", c.Whole, MaxWhole)
	case c.Head > MaxWhole:
		return fmt.Errorf("%d bytes of payload behind headers: at most %d are possible", c.Head, MaxWhole)
	case c.RingBytes < os.Getpagesize() || c.RingBytes&(c.RingBytes-1) != 0 || c.RingBytes > 1<<30:
		return fmt.Errorf("a ring of %d bytes: a power of two from a page to 1 GiB is possible", c.RingBytes)
	case c.Flows < 1 || c.Flows > 1<<26:
		return fmt.Errorf("%d flows: 1 to %d are possible", c.Flows, 1<<26)
	}
	return nil
}

// set writes the configuration into the program before it is loaded: the verifier
// then takes out what cannot happen.
func (c Config) set(spec *ebpf.CollectionSpec, cpus int) error {
	spec.Maps[objectMapRing].MaxEntries = uint32(c.RingBytes)
	spec.Maps[objectMapFlows].MaxEntries = uint32(c.Flows)
	half := uint64(c.RingBytes / 2)
	count := uint32(0)
	if c.Aggregate {
		count = 1
	}
	// However many CPUs write, the reader is woken before the ring is half full.
	wake := min(wakeBytes, half/uint64(cpus))
	for _, v := range []struct {
		name  string
		value any // of the size that the program gives it
	}{
		{objectVarFirstPayloads, c.Payloads},
		{objectVarWholeBytes, c.Whole},
		{objectVarHeadBytes, c.Head},
		{objectVarAlwaysCount, count},
		{objectVarPressure, half},
		{objectVarWakeBytes, wake},
	} {
		if err := spec.Variables[v.name].Set(v.value); err != nil {
			return fmt.Errorf("packet program: %s: %w", v.name, err)
		}
	}
	return nil
}
