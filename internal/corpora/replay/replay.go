// Package replay reads captures for tests with the project's own reader and
// decoder.
package replay

import (
	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/pcapfile"
)

// Packets calls fn for each packet of a capture, decoded, and returns how the
// capture ended: [io.EOF], or the damage that it has. Packets before the damage
// were handed over. The packet and its bytes are valid until fn returns.
func Packets(path string, fn func(p *capture.Packet)) error {
	r, err := pcapfile.Open(path, pcapfile.Options{})
	if err != nil {
		return err
	}
	defer r.Close()
	var d decode.Decoder
	for b := new(capture.Batch); ; {
		err := r.Read(b)
		for i := range b.Packets {
			d.Decode(&b.Packets[i])
			fn(&b.Packets[i])
		}
		if err != nil {
			return err
		}
	}
}

// Payloads calls fn for the first n payloads of each direction of each 5-tuple,
// segments and datagrams alike, of which there is at least one byte in the
// capture. The rest is as with [Packets].
func Payloads(path string, n int, fn func(p *capture.Packet)) error {
	had := map[capture.Key]int{}
	return Packets(path, func(p *capture.Packet) {
		if p.Has&capture.HasPorts == 0 || len(p.Payload) == 0 || had[p.Key] == n {
			return
		}
		had[p.Key]++
		fn(p)
	})
}
