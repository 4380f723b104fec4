package vary

import (
	"io"

	"chokepoint/capture"
)

// chunk is how many packets a replay hands out at once.
const chunk = 256

// Source reads src to its end and returns the same capture in the variation. It
// leaves src open; an error of it that is not its end is returned.
func (v Variation) Source(src capture.Source) (capture.Source, error) {
	packets, err := ReadAll(src)
	if err != nil {
		return nil, err
	}
	r := Replay(v.Apply(packets), src.Interfaces())
	said := src.Stats()
	r.stats.Dropped, r.stats.Lost, r.stats.Skipped = said.Dropped, said.Lost, said.Skipped
	return r, nil
}

// ReadAll returns the packets of a source. The error is nil for io.EOF; the packets
// before another error are valid beside it.
func ReadAll(src capture.Source) (packets []capture.Packet, err error) {
	for {
		var b capture.Batch // a new one each time: its packets are kept
		err := src.Read(&b)
		packets = append(packets, b.Packets...)
		switch err {
		case nil:
			continue
		case io.EOF:
			err = nil
		}
		return packets, err
	}
}

// Played is packets in memory as a [capture.Source].
type Played struct {
	packets []capture.Packet
	ifs     []capture.Interface
	now     int64
	stats   capture.Stats
}

// Replay returns a source of packets, which it shares.
func Replay(packets []capture.Packet, ifs []capture.Interface) *Played {
	return &Played{packets: packets, ifs: ifs}
}

// Read hands out the next packets.
func (r *Played) Read(b *capture.Batch) error {
	n := min(chunk, len(r.packets))
	b.Packets = append(b.Packets[:0], r.packets[:n]...)
	r.packets = r.packets[n:]
	for i := range b.Packets {
		r.now = max(r.now, b.Packets[i].Time)
		r.stats.Bytes += uint64(len(b.Packets[i].Frame))
	}
	r.stats.Packets += uint64(n)
	b.Now = r.now
	if n == 0 {
		return io.EOF
	}
	return nil
}

// Interfaces are those it was given.
func (r *Played) Interfaces() []capture.Interface { return r.ifs }

// Stats counts what was read, and tells what the recording said was lost.
func (r *Played) Stats() capture.Stats { return r.stats }

// Close does nothing: there is only memory.
func (r *Played) Close() error { return nil }
