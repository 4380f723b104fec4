package decode

import "chokepoint/capture"

// Fragment is what defragmentation needs beyond the packet's own fields: the
// fragment's data is Packet.Payload, its place Packet.FragOff.
type Fragment struct {
	IP        []byte // the innermost datagram as captured, header first
	HeaderLen int    // IPv4: header with options; IPv6: what precedes the fragment header
	NextAt    int    // IPv6: offset in IP of the byte that announces the fragment header
	ID        uint32 // identification, 16 bits for IPv4
	Next      uint8  // protocol of the fragmented data
	More      bool   // more fragments follow
}

// FragmentOf returns the fragment details of a packet that [Decoder.Decode]
// flagged IsFragment. It goes through p.Frame once more, which spares every
// other packet the room. A packet that was itself reassembled yields false.
func FragmentOf(p *capture.Packet) (Fragment, bool) {
	if p.Has&(capture.IsFragment|capture.Reassembled) != capture.IsFragment {
		return Fragment{}, false
	}
	var d Decoder
	q := *p
	d.Decode(&q)
	return d.frag, q.Has&capture.IsFragment != 0
}
