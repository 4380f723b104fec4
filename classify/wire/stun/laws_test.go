package stun

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"chokepoint/classify/wire"
)

// show prints what a parse yielded, without the memory kept for reuse.
func show(st wire.Status, m Message) string {
	m.names, m.realms, m.wares = recent{}, recent{}, recent{}
	return fmt.Sprintf("%v %+v", st, m)
}

// messageLaws: a value used before gives the same as a fresh one, what is kept
// is bounded, and a message cut by the capture gives a beginning of the whole
// one's attributes and no value the whole one does not have.
func messageLaws(t *testing.T, b []byte) {
	t.Helper()
	var whole, used Message
	st := whole.Parse(b, len(b))
	used.Parse(relayRefusal, len(relayRefusal))
	used.Parse(teamsError, len(teamsError))
	if a, b := show(used.Parse(b, len(b)), used), show(st, whole); a != b {
		t.Fatalf("reused:\n%s\nfresh:\n%s", a, b)
	}
	if len(whole.Attrs) > MaxAttrs || len(whole.Peers) > MaxPeers || len(whole.Realm) > maxText || whole.FaultAt > len(b) {
		t.Fatalf("out of bounds: %+v", whole)
	}
	if (st == wire.Malformed) != (whole.FaultAt != 0) || st == wire.NeedMore {
		t.Fatalf("%v with a fault at %d", st, whole.FaultAt)
	}
	for i := HeaderLen; i < len(b); i += 1 + i/30 {
		var part Message
		pst := part.Parse(bytes.Clone(b[:i]), len(b))
		if pst == wire.Alien && !whole.Classic && st != wire.Alien || pst != wire.Alien && part.Type != whole.Type {
			t.Fatalf("cut at %d: %v, whole %v", i, pst, st)
		}
		if pst != wire.Alien && part.Unpadded == whole.Unpadded && part.Microsoft == whole.Microsoft {
			cutLaws(t, &part, &whole)
		}
	}
}

func cutLaws(t *testing.T, part, whole *Message) {
	if n := len(part.Attrs); n > len(whole.Attrs) || !slices.Equal(part.Attrs, whole.Attrs[:n]) {
		t.Fatalf("cut: %#04x\nwhole: %#04x", part.Attrs, whole.Attrs)
	}
	if part.Realm != "" && part.Realm != whole.Realm || part.Username != "" && part.Username != whole.Username ||
		part.XorMapped.IsValid() && part.XorMapped != whole.XorMapped || part.ErrorCode != 0 && part.ErrorCode != whole.ErrorCode ||
		part.Fingerprint != Absent && part.Fingerprint != whole.Fingerprint {
		t.Fatalf("cut:\n%+v\nwhole:\n%+v", part, whole)
	}
}

func FuzzMessage(f *testing.F) {
	for _, b := range [][]byte{sampleRequest, sampleResponse6, sampleLongTerm, relayAnswer, relayRefusal, channelBind, whatsApp, teamsError, oldRequest} {
		f.Add(b)
	}
	f.Fuzz(messageLaws)
}

// FuzzStream: what a framing said of a stream it says of every longer one, and
// it takes no more than is there.
func FuzzStream(f *testing.F) {
	f.Add(sampleRequest)
	f.Add([]byte("\x40\x00\x00\x05hello\x00\x00\x00"))
	f.Add(append([]byte{0, 108}, sampleRequest...))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, s := Frame(b)
		inner, fn, fs := Framed(b)
		if n > len(b) || (s == wire.Done) != (n > 0) || s == wire.Malformed {
			t.Fatalf("took %d of %d with %v", n, len(b), s)
		}
		if fs == wire.Done && (fn > len(b) || len(inner) != fn-2) || fs != wire.Done && (fn != 0 || inner != nil) {
			t.Fatalf("framed: took %d of %d with %v", fn, len(b), fs)
		}
		for i := 0; i < len(b); i += 1 + i/30 {
			if pn, ps := Frame(b[:i]); ps != wire.NeedMore && (pn != n || ps != s) {
				t.Fatalf("prefix of %d: %d %v, whole %d %v", i, pn, ps, n, s)
			}
			if p, pn, ps := Framed(b[:i]); ps != wire.NeedMore && (pn != fn || ps != fs || !bytes.Equal(p, inner)) {
				t.Fatalf("framed, prefix of %d: %d %v, whole %d %v", i, pn, ps, fn, fs)
			}
		}
		if ch, p, ok := ChannelData(b); ok && (ch < MinChannel || ch > MaxChannel || len(p)+4 > len(b)) {
			t.Fatalf("channel %#x with %d of %d", ch, len(p), len(b))
		}
		if p, ok := Unwrap(b); ok && len(p)+12 != len(b) {
			t.Fatalf("unwrapped %d of %d", len(p), len(b))
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	var m Message
	b.ReportAllocs()
	for b.Loop() {
		if m.Parse(sampleRequest, len(sampleRequest)) != wire.Done {
			b.Fatal("not parsed")
		}
	}
}
