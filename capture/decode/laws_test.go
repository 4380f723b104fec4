package decode

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"unsafe"

	"chokepoint/capture"
)

// checkLaws checks what must hold of every decoded packet, whatever its bytes.
func checkLaws(t *testing.T, p *capture.Packet) {
	t.Helper()
	wire := max(p.WireLen, uint32(len(p.Frame)))
	switch {
	case p.Has&capture.Decoded == 0 || p.Segs != 1:
		t.Fatalf("not marked as decoded: Has %#x, Segs %d", p.Has, p.Segs)
	case len(p.Payload) > int(p.PayloadLen):
		t.Fatalf("%d bytes of a payload of %d were captured", len(p.Payload), p.PayloadLen)
	case len(p.Payload) < int(p.PayloadLen) && p.Has&capture.Clipped == 0:
		t.Fatalf("%d of %d payload bytes, but not clipped", len(p.Payload), p.PayloadLen)
	case p.PayloadLen > p.IPLen:
		t.Fatalf("payload of %d in an IP packet of %d", p.PayloadLen, p.IPLen)
	case p.IPLen > max(wire, 0xffff+ipv6Len):
		t.Fatalf("IP packet of %d in a frame of %d", p.IPLen, wire)
	case !inside(p.Payload, p.Frame):
		t.Fatal("payload lies outside of the frame")
	case p.NSACK > capture.MaxSACK || p.OptsLen > 40:
		t.Fatalf("%d SACK blocks, %d option bytes", p.NSACK, p.OptsLen)
	case p.Has&capture.HasOuter != 0 && (p.Outer.Depth == 0 || p.Outer.Depth > maxTunnels):
		t.Fatalf("%d tunnels", p.Outer.Depth)
	}
	checkFields(t, p)
}

// checkFields checks that the parts flagged in Has fit together.
func checkFields(t *testing.T, p *capture.Packet) {
	t.Helper()
	const above = capture.HasPorts | capture.HasTCP | capture.HasUDP | capture.HasICMP
	switch {
	case p.Has&capture.HasIP == 0:
		if p.Has&^(capture.Decoded|capture.HasVLAN|capture.Clipped) != 0 || p.Key != (capture.Key{}) || p.Payload != nil || p.Hash != 0 {
			t.Fatalf("not IP, but Has %#x, key %v", p.Has, p.Key)
		}
	case p.Has&capture.IsFragment != 0 && p.Has&above != 0:
		t.Fatalf("a fragment with a transport header: Has %#x", p.Has)
	case p.Has&capture.HasPorts == 0 && p.Key.SrcPort|p.Key.DstPort != 0:
		t.Fatal("ports without HasPorts")
	case p.Has&(capture.HasTCP|capture.HasUDP) != 0 && p.Has&capture.HasPorts == 0:
		t.Fatal("a transport header without ports")
	case p.Shard != p.Key.Hash(0):
		t.Fatal("shard is not the key's fixed hash")
	}
	if p.Has&capture.IsFragment != 0 {
		if f, ok := FragmentOf(p); !ok || f.HeaderLen > len(f.IP) || !inside(f.IP, p.Frame) {
			t.Fatalf("fragment details %v, header %d of %d", ok, f.HeaderLen, len(f.IP))
		}
	}
}

func inside(part, whole []byte) bool {
	if len(part) == 0 {
		return true
	}
	if len(whole) == 0 {
		return false
	}
	p, w := uintptr(unsafe.Pointer(&part[0])), uintptr(unsafe.Pointer(&whole[0]))
	return p >= w && p+uintptr(len(part)) <= w+uintptr(len(whole))
}

// seen reduces a packet to what its flags declare valid.
func seen(p capture.Packet) capture.Packet {
	if p.Has&capture.HasOuter == 0 {
		p.Outer = capture.Tunnel{}
	}
	if p.Has&capture.HasQuoted == 0 {
		p.Quoted = capture.Quoted{}
	}
	for i := int(p.NSACK); i < len(p.SACK); i++ {
		p.SACK[i] = [2]uint32{}
	}
	return p
}

// same compares all that is valid of two decoded packets.
func same(a, b capture.Packet) bool {
	a, b = seen(a), seen(b)
	eq := bytes.Equal(a.Payload, b.Payload)
	return eq && a.Num == b.Num && a.Time == b.Time && a.WireLen == b.WireLen && a.If == b.If && a.Link == b.Link &&
		a.Has == b.Has && a.Key == b.Key && a.Shard == b.Shard && a.Hash == b.Hash && a.IPLen == b.IPLen &&
		a.TTL == b.TTL && a.TOS == b.TOS && a.IPID == b.IPID && a.FragOff == b.FragOff && a.VLAN == b.VLAN &&
		a.ICMPType == b.ICMPType && a.ICMPCode == b.ICMPCode && a.Flags == b.Flags && a.Window == b.Window &&
		a.Seq == b.Seq && a.Ack == b.Ack && a.TSval == b.TSval && a.TSecr == b.TSecr && a.MSS == b.MSS &&
		a.WScale == b.WScale && a.OptsLen == b.OptsLen && a.NSACK == b.NSACK && a.SACK == b.SACK &&
		a.PayloadLen == b.PayloadLen && a.Segs == b.Segs && a.Outer == b.Outer && a.Quoted == b.Quoted
}

// TestEveryTruncationObeysTheLaws cuts one frame of each kind at every byte,
// as a snaplen would and as a broken sender would.
func TestEveryTruncationObeysTheLaws(t *testing.T) {
	for name, frame := range samples() {
		for n := range len(frame) + 1 {
			for _, wire := range []int{n, len(frame)} {
				p := fresh(sampleLink(name), frame[:n:n])
				p.WireLen = uint32(wire)
				d := Decoder{Seed: 42}
				d.Decode(&p)
				checkLaws(t, &p)
				if wire > n && d.Counts.Malformed() != 0 {
					t.Errorf("%s cut at %d of %d by the snaplen: counted as malformed %v", name, n, wire, d.Counts)
				}
			}
		}
	}
}

// TestFlippedBytesObeyTheLaws damages frames at random, always the same way.
func TestFlippedBytesObeyTheLaws(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for name, frame := range samples() {
		for range 2000 {
			b := bytes.Clone(frame)
			for range 1 + rnd.IntN(3) {
				b[rnd.IntN(len(b))] = byte(rnd.Uint32())
			}
			p := fresh(sampleLink(name), b)
			d := Decoder{Seed: 42}
			d.Decode(&p)
			checkLaws(t, &p)
		}
	}
}
