//go:build linux

package packets

import (
	"errors"
	"fmt"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"chokepoint/bpf"
)

// Of a measurement: the best of many short rounds is what the machine can do when
// nothing else disturbs it.
const (
	costRounds = 12
	costRuns   = 4000 // in a round

	leastRecord = 8 + headerBytes + 14 // with the ring's own header (BPF_RINGBUF_HDR_SZ), of an Ethernet header alone
)

// Cost loads a program and returns what a frame costs that comes in on an Ethernet
// interface: the mean of the best round (BPF_PROG_TEST_RUN). The same frame again and
// again is one flow, its first payloads whole, with everything in the cache. Costs
// whose records did not fit into the ring are an error.
func Cost(c Config, frame []byte) (time.Duration, error) {
	p, err := Load(c)
	if err != nil {
		return 0, err
	}
	d, err := p.cost(frame)
	return d, errors.Join(err, p.Close())
}

// cost measures it while an idle reader waits, as live.
func (p *Program) cost(frame []byte) (time.Duration, error) {
	// The ring is written once all over: memory that nobody has touched yet costs more.
	for range int(p.ring.mask+1) / (costRuns * leastRecord) {
		if _, _, err := p.EtherIn.Benchmark(frame, costRuns, nil); err != nil {
			return 0, err
		}
		p.drain()
	}
	d, err := quickest(p.EtherIn, frame, p.drain)
	if err != nil {
		return 0, err
	}
	counts, err := p.Counts()
	if err == nil && counts.Lost > 0 {
		err = fmt.Errorf("a frame of %d bytes: %d records found the ring full", len(frame), counts.Lost)
	}
	return d, err
}

// drain reads what is in the ring. The kernel may not have woken the reader for it.
func (p *Program) drain() {
	p.ring.begin()
	defer p.ring.free()
	for p.ring.next() != nil {
	}
}

// CostOfNothing is the same of a program that returns at once: what calling one
// takes.
func CostOfNothing(frame []byte) (time.Duration, error) {
	idle, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.SchedCLS, License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, -1), asm.Return()},
	})
	if err != nil {
		return 0, bpf.Refused("loading a program that does nothing", err, needs...)
	}
	d, err := quickest(idle, frame, func() {})
	return d, errors.Join(err, idle.Close())
}

// quickest is the mean of the best round; between is called after each.
func quickest(p *ebpf.Program, frame []byte, between func()) (time.Duration, error) {
	least := time.Duration(1<<63 - 1)
	for range costRounds {
		_, d, err := p.Benchmark(frame, costRuns, nil)
		if err != nil {
			return 0, err
		}
		least = min(least, d)
		between()
	}
	return least, nil
}
