package tap

import (
	"bytes"
	"fmt"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/pcapfile"
)

// Capture is what was recorded.
type Capture struct {
	Records []pcapfile.Record // by time
	Dropped uint64            // frames that the kernel had no room for
}

// Packets returns the recording as packets that are not decoded yet.
func (c Capture) Packets() []capture.Packet {
	out := make([]capture.Packet, len(c.Records))
	for i, r := range c.Records {
		out[i] = capture.Packet{Num: uint64(i + 1), Time: r.Time, Frame: r.Frame, WireLen: r.WireLen, Link: capture.LinkEthernet}
	}
	return out
}

// Keep says how much of the payloads is written: bulk data is opaque, its headers
// are what counts. Headers are always whole, with their options, and so is what is
// neither TCP nor UDP. The zero value keeps everything.
type Keep struct {
	Whole        int // TCP segments with payload, of a flow and direction, kept whole; 0: all
	Rest         int // payload bytes kept of later ones
	Datagrams    int // UDP datagrams, of a flow and direction, kept whole; 0: all
	RestDatagram int // payload bytes kept of later ones
}

// snaplen is what the file says: tcpdump's default. Records may still be shorter,
// as a tool that slices captures leaves them.
const snaplen = 262144

// PCAPNG returns the recording as a pcapng file of one interface, which it calls
// name. The same recording gives the same bytes.
func (c Capture) PCAPNG(name string, keep Keep) ([]byte, error) {
	var b bytes.Buffer
	w, err := pcapfile.NewWriter(&b, []capture.Interface{{Name: name, Link: capture.LinkEthernet, Snaplen: snaplen}})
	if err != nil {
		return nil, fmt.Errorf("start the capture: %w", err)
	}
	cut := cutter{keep: keep, seen: map[capture.Key]int{}}
	end := int64(0)
	for _, r := range c.Records {
		r.Frame = cut.frame(r, capture.LinkEthernet)
		if err := w.Write(r); err != nil {
			return nil, err
		}
		end = r.Time
	}
	if err := w.WriteDrops(0, end, c.Dropped); err != nil {
		return nil, err
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Cut shortens the frames of packets, in their place.
func (k Keep) Cut(packets []capture.Packet) []capture.Packet {
	c := cutter{keep: k, seen: map[capture.Key]int{}}
	for i := range packets {
		p := &packets[i]
		p.Frame = c.frame(pcapfile.Record{Frame: p.Frame, WireLen: p.WireLen}, p.Link)
	}
	return packets
}

// cutter shortens frames.
type cutter struct {
	keep Keep
	seen map[capture.Key]int // packets with payload
	dec  decode.Decoder
}

// frame returns what is kept of a frame.
func (c *cutter) frame(r pcapfile.Record, link capture.LinkType) []byte {
	p := capture.Packet{Frame: r.Frame, WireLen: r.WireLen, Link: link}
	c.dec.Decode(&p)
	if len(p.Payload) == 0 || p.Has&capture.IsFragment != 0 {
		return r.Frame // a fragment's payload may begin with the header
	}
	whole, rest := 0, 0
	switch {
	case p.Has&capture.HasTCP != 0:
		whole, rest = c.keep.Whole, c.keep.Rest
	case p.Has&capture.HasUDP != 0:
		whole, rest = c.keep.Datagrams, c.keep.RestDatagram
	}
	if whole <= 0 {
		return r.Frame
	}
	if c.seen[p.Key]++; c.seen[p.Key] <= whole {
		return r.Frame
	}
	headers := len(r.Frame) - len(p.Payload) // and padding, if there is any
	return r.Frame[:min(len(r.Frame), headers+max(rest, 0))]
}
