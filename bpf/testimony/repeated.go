//go:build linux

package testimony

import (
	"errors"

	"github.com/cilium/ebpf"
)

// batch is how many events are fetched from the kernel at a time.
const batch = 512

// turn gives the programs the other page to write on. The kernel returns when
// nobody writes on the one before any more.
func (p *Program) turn() error {
	other := 1 - p.writing
	if err := p.kernel.Current.Put(uint32(0), p.pages[other]); err != nil {
		return err
	}
	p.writing = other
	return nil
}

// Repeated calls tell with what was only counted since the last call: drops and
// retransmissions that are like one that Next has told, and what found the ring
// full. Count says how many they are, Time is that of the last of them and the
// packet's fields are those of the first. The order is none.
func (p *Program) Repeated(tell func(Event)) error {
	if p.keys == nil {
		p.keys, p.values = make([]factsTopic, batch), make([]factsTally, batch)
	}
	old := p.pages[p.writing]
	if err := p.turn(); err != nil {
		return err
	}
	var cursor ebpf.MapBatchCursor
	for {
		n, err := old.BatchLookupAndDelete(&cursor, p.keys, p.values, nil)
		if err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return err
		}
		for i := range p.values[:n] {
			if v := &p.values[i]; v.Count > 0 {
				tell(v.Event.event(v.Count))
			}
		}
		if err != nil {
			return nil // the end
		}
	}
}
