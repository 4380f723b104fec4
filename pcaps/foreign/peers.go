package foreign

import (
	"slices"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/internal/corpora/replay"
)

// The rules of peers, restated in a line each.
const (
	// suricata is Suricata's stream event suspected_rst_inject (sid 2210058): a
	// packet that is no RST from a side that had sent one.
	suricata = iota
	// zeek is Zeek's weird data_after_reset: payload from a side that had sent one.
	zeek
	numPeers
)

var peerNames = [numPeers]string{"Suricata's `suspected_rst_inject`: any packet of a side after its RST", "Zeek's `data_after_reset`: payload of a side after its RST"}

// watched is a connection as the peers' rules see it.
type watched struct {
	id    string
	isn   uint32
	reset [2]bool
	hit   [numPeers]bool
}

// peersOn lists the flows of a capture that each peer's rule flags.
func peersOn(path string) (out [numPeers][]string) {
	conns := map[capture.Key]*watched{}
	var all []*watched
	_ = replay.Packets(path, func(p *capture.Packet) {
		if p.Has&(capture.HasTCP|capture.HasPorts) != capture.HasTCP|capture.HasPorts || p.Has&capture.HasQuoted != 0 {
			return
		}
		d, k := 0, p.Key
		if r := reversed(k); conns[r] != nil {
			d, k = 1, r
		}
		w := conns[k]
		if w == nil || p.Flags&(capture.SYN|capture.ACK) == capture.SYN && p.Seq != w.isn {
			w = &watched{id: fact.FlowID(p.Num).String(), isn: p.Seq}
			delete(conns, k)
			d, conns[p.Key] = 0, w
			all = append(all, w)
		}
		w.packet(d, p)
	})
	for _, w := range all {
		for i := range out {
			if w.hit[i] && !slices.Contains(out[i], w.id) {
				out[i] = append(out[i], w.id)
			}
		}
	}
	return out
}

func (w *watched) packet(d int, p *capture.Packet) {
	switch {
	case p.Flags&capture.RST != 0:
		w.reset[d] = true
	case w.reset[d]:
		w.hit[suricata] = true
		w.hit[zeek] = w.hit[zeek] || p.PayloadLen > 0
	}
}

func reversed(k capture.Key) capture.Key {
	k.Src, k.Dst, k.SrcPort, k.DstPort = k.Dst, k.Src, k.DstPort, k.SrcPort
	return k
}
