package redact

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/classify/finding"
)

// shared is one redactor for many inputs.
var shared = sync.OnceValue(fixed)

// FuzzText: an address that was put into a text does not come out of it, whatever
// is around it, and what stands for addresses is of the documented blocks.
func FuzzText(f *testing.F) {
	f.Add("from ", []byte{10, 0, 0, 2}, " at once")
	f.Add("1.", []byte{192, 168, 1, 23}, ":443")
	f.Add("\"", []byte{100, 64, 0, 9}, "\" said \\\"")
	f.Add("v", []byte{10, 0, 0, 2}, "-10.0.0.2.pcap")
	f.Add("[", bytes.Repeat([]byte{0xfd, 1}, 8), "%eth0]:443")
	f.Add("::", bytes.Repeat([]byte{0xfd, 0}, 8), "::")
	f.Add("ip.addr==", []byte{10, 7, 0, 2}, "&&tcp.port==50000")
	f.Add("a_", []byte{10, 7, 0, 2}, "_b.\xff")
	f.Fuzz(func(t *testing.T, before string, raw []byte, behind string) {
		a, ok := netip.AddrFromSlice(raw)
		if !ok || strings.HasSuffix(before, "section ") {
			return
		}
		r := shared()
		if r.Addr(a) == a {
			return // the rules know it, or it is nobody's
		}
		text := a.String()
		in := before + text + behind
		out := r.Text(in)
		if strings.Contains(out, text) && !strings.Contains(strings.ReplaceAll(in, text, "|"), text) && !strings.Contains(imagesOf(r, in), text) {
			t.Errorf("%q became %q", in, out)
		}
		if r.Text(in) != out {
			t.Error("not the same the second time")
		}
	})
}

// imagesOf lists what r puts for the addresses in a text: one of them may look like
// another that was in it.
func imagesOf(r *Redactor, in string) string {
	var b strings.Builder
	for _, w := range strings.FieldsFunc(in, func(c rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF:.", c) }) {
		for i := range w {
			if a, ok := address(w[i:]); ok {
				b.WriteString(r.Addr(a).String() + " ")
			}
		}
	}
	return b.String()
}

// FuzzPacket: whatever a frame holds, what is made of it is a packet of IP of the same
// protocol and length between replaced ends, with right checksums and not one byte of
// payload.
func FuzzPacket(f *testing.F) {
	for _, frame := range samples() {
		f.Add(frame, uint16(0))
		f.Add(frame, uint16(9))
	}
	f.Fuzz(func(t *testing.T, frame []byte, cut uint16) {
		var d decode.Decoder
		p := capture.Packet{Frame: frame, WireLen: uint32(len(frame)) + uint32(cut), Link: capture.LinkRaw}
		d.Decode(&p)
		r := shared()
		lawOfPacket(t, r, &p, r.Packet(&p, p.Payload))
	})
}

// lawOfPacket holds out, made of p, to what [Redactor.Packet] promises.
func lawOfPacket(t *testing.T, r *Redactor, p *capture.Packet, out []byte) {
	t.Helper()
	if out == nil {
		if p.Has&(capture.HasIP|capture.IsFragment) == capture.HasIP {
			t.Fatal("a packet of IP is missing")
		}
		return
	}
	var d decode.Decoder
	q := capture.Packet{Frame: out, WireLen: WireLen(out), Link: capture.LinkRaw}
	if int(q.WireLen) < len(out) {
		t.Fatalf("its header says %d bytes of %d", q.WireLen, len(out))
	}
	d.Decode(&q)
	var was decode.Decoder
	was.Decode(&capture.Packet{Frame: p.Frame, WireLen: p.WireLen, Link: p.Link})
	if q.Has&capture.HasIP == 0 || q.Has&capture.BadIPSum != 0 || d.Counts.Malformed() > was.Counts.Malformed() {
		t.Fatalf("no packet of IP: has %b, counts %v, of % x with %v", q.Has, d.Counts, p.Frame, was.Counts)
	}
	if want := r.ends(p.Key); q.Key.Src != want.Src || q.Key.Dst != want.Dst || q.TTL != p.TTL {
		t.Fatalf("ends %v and %v, want %v and %v", q.Key.SrcAddr(), q.Key.DstAddr(), want.SrcAddr(), want.DstAddr())
	}
	if (q.Has^p.Has)&capture.IsFragment != 0 || q.FragOff != p.FragOff {
		t.Fatalf("a fragment at %d, want %d", q.FragOff, p.FragOff)
	}
	if p.Has&(capture.HasTCP|capture.HasUDP) != 0 && p.Has&capture.IsFragment == 0 {
		if q.Key.SrcPort+q.Key.DstPort != r.ends(p.Key).SrcPort+r.ends(p.Key).DstPort || q.Seq != p.Seq || q.Flags != p.Flags {
			t.Fatalf("header of %v, want %v", q.Key, r.ends(p.Key))
		}
		if q.PayloadLen != p.PayloadLen && p.PayloadLen < 1<<16-100 {
			t.Fatalf("%d bytes of payload, want %d", q.PayloadLen, p.PayloadLen)
		}
		if len(q.Payload) > 0 && len(bytes.Trim(q.Payload, "\x00")) > 0 {
			t.Fatalf("payload % x", q.Payload)
		}
		if s := transportSum(&q, out); s != 0xffff {
			t.Fatalf("the checksum sums up to %04x", s)
		}
	}
}

// transportSum sums up pseudo header, header and payload: 0xffff if the checksum is
// right. Payload that was not captured is zeroes.
func transportSum(q *capture.Packet, out []byte) uint32 {
	head := 20
	if q.Has&capture.HasIPv6 != 0 {
		head = 40
	}
	long := int(q.WireLen) - head
	b := append([]byte{}, q.Key.Src[:]...)
	b = append(b, q.Key.Dst[:]...)
	if head == 20 {
		b = append(append([]byte{}, q.Key.Src[12:]...), q.Key.Dst[12:]...)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(long))
	b = append(b, 0, q.Key.Proto)
	b = append(b, out[head:]...)
	var s uint32
	for i, c := range b {
		s += uint32(c) << (8 * (1 - i%2))
	}
	for s>>16 != 0 {
		s = s&0xffff + s>>16
	}
	return s
}

// FuzzName: a name that the rules do not know does not come out of a finding's
// sentences, whatever it looks like and whatever is around it.
func FuzzName(f *testing.F) {
	f.Add("to ", "nas.fritz.box", ", which exists")
	f.Add("“", "wpad", "…")
	f.Add("\"", "a \\\" b", "\"")
	f.Add("", "x..y", ":443.")
	f.Add("(", "example.com.", ")")
	f.Add("at 10.0.0.2:", "printer-3", "")
	f.Fuzz(func(t *testing.T, before, name, behind string) {
		r := shared()
		if len(name) < 4 || r.Name(name) == name || ordinary[fold(name)] || strings.Contains(before, name) || strings.Contains(behind, name) {
			return
		}
		if wordEnds(before) || !ending(behind) || strings.ContainsRune(before+behind, '"') {
			return // it is a part of another word, or of a quotation, which goes
		}
		in := &finding.Finding{Name: name, Summary: before + name + behind}
		if strings.Count(in.Summary, name) != 1 {
			return
		}
		out := r.Finding(in)
		if rest := strings.ReplaceAll(out.Summary, r.Name(name), "|"); strings.Contains(rest, name) || out.Name == name {
			t.Errorf("%q of %q became %q", name, in.Summary, out.Summary)
		}
	})
}
