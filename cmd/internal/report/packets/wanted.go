package packets

import (
	"slices"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Wanted says of which flow packets are wanted.
type Wanted struct {
	ID    fact.FlowID // it begins with the packet it is called after
	Last  uint64      // number of its last packet; 0 not known
	Key   capture.Key // with the client first
	Known bool        // Key is
}

// Want names a flow that a first run has seen, or of which only the id is known (f nil).
func Want(id fact.FlowID, f *fact.Flow) Wanted {
	if f == nil {
		return Wanted{ID: id}
	}
	return Wanted{ID: id, Last: f.LastNum, Key: f.Key, Known: true}
}

// Flow implements [Taker].
func (w *Wanted) Flow() *Wanted { return w }

// Down reports whether a packet goes to the client, or is about one that does.
func (w *Wanted) Down(p *capture.Packet) bool { return KeyOf(p) == w.Key.Reverse() }

// Of reports whether a packet is of the flow. An error about it may come after its own
// last packet.
func (w *Wanted) Of(p *capture.Packet) bool {
	if p.Num < uint64(w.ID) || w.Last != 0 && p.Num > w.Last && p.Has&capture.HasQuoted == 0 {
		return false
	}
	k := KeyOf(p)
	if !w.Known {
		if p.Num != uint64(w.ID) {
			return false
		}
		w.Key, w.Known = k, true
		if p.Flags&(capture.SYN|capture.ACK) == capture.SYN|capture.ACK {
			w.Key = k.Reverse()
		}
	}
	return k == w.Key || k == w.Key.Reverse()
}

// KeyOf is the flow a packet is about: of an ICMP error that of the packet it
// quotes.
func KeyOf(p *capture.Packet) capture.Key {
	if p.Has&capture.HasQuoted != 0 {
		return p.Quoted.Key
	}
	return p.Key
}

// Cited are the packets that findings name, as what is meant or in evidence.
func Cited(findings ...*finding.Finding) map[uint64]bool {
	out := map[uint64]bool{}
	for _, f := range findings {
		for _, n := range f.Packets {
			out[n] = true
		}
		for _, e := range slices.Concat(f.For, f.Against) {
			for _, n := range e.Packets {
				out[n] = true
			}
		}
	}
	return out
}
