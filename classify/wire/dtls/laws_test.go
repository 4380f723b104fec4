package dtls

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"chokepoint/classify/wire"
)

// cut makes datagrams of a hello: fragments of chance sizes, some of them twice
// and some overlapping, several in a record or datagram, in an order by chance.
func cut(r *rand.Rand, seq uint16, body []byte) (out [][]byte) {
	var frags [][]byte
	widest := 1 + r.IntN(len(body))
	for off := 0; off < len(body); {
		n := min(1+r.IntN(widest), len(body)-off)
		if len(frags) >= maxPieces-2 {
			n = len(body) - off
		}
		back := min(off, r.IntN(3)*r.IntN(n+1))
		frags = append(frags, fragment(clientHello, seq, body, off-back, n+back))
		if r.IntN(8) == 0 {
			frags = append(frags, frags[r.IntN(len(frags))])
		}
		off += n
	}
	for len(frags) > 0 {
		k := 1 + r.IntN(min(3, len(frags)))
		content := bytes.Join(frags[:k], nil)
		if frags = frags[k:]; len(out) > 0 && r.IntN(3) == 0 {
			out[len(out)-1] = append(out[len(out)-1], record(Handshake, DTLS12, 0, content)...)
		} else {
			out = append(out, record(Handshake, DTLS12, 0, content))
		}
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// orderLaw: however a hello is cut, and in whatever order its datagrams come, it
// is whole with the last of them and no other.
func orderLaw(t *testing.T, first, second []byte, seed uint64) {
	t.Helper()
	if len(first) == 0 || len(first) > 4000 || len(second) > 4000 {
		return
	}
	r := rand.New(rand.NewPCG(seed, 1))
	in, want := cut(r, 0, first), first
	if len(second) > 0 {
		in, want = append(in, cut(r, 1, second)...), second
		r.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
	}
	var c Client
	for i, d := range in {
		if st := c.Add(d); st != wire.Done && st != wire.NeedMore || (st == wire.Done) != (c.Hello() != nil) {
			t.Fatalf("seed %d, datagram %d of %d: %v", seed, i, len(in), st)
		}
	}
	if !bytes.Equal(c.Hello(), want) || c.Conflict || c.Retried() != (len(second) > 0) {
		t.Fatalf("seed %d: %d bytes of %d, conflict %v", seed, len(c.Hello()), len(want), c.Conflict)
	}
	before := slices.Clone(c.Hello())
	for _, d := range in {
		if st := c.Add(d); st != wire.Done || !bytes.Equal(c.Hello(), before) || c.Conflict {
			t.Fatalf("seed %d: once more, it is %v", seed, st)
		}
	}
}

func TestOrderLaw(t *testing.T) {
	for seed := range uint64(500) {
		orderLaw(t, counting(1+int(seed)*7), counting(int(seed%3)*900), seed)
	}
}

func FuzzOrder(f *testing.F) {
	f.Add(unhex(f, wolfSSL), []byte(nil), uint64(1))
	f.Add(counting(1800), counting(1900), uint64(2))
	f.Fuzz(orderLaw)
}

// FuzzClient feeds two datagrams of anything: nothing is held that did not come,
// Alien leaves no trace, records are not longer than they say, and a value used
// before says the same.
func FuzzClient(f *testing.F) {
	hello := unhex(f, wolfSSL)
	f.Add(hello, datagram(1, counting(900), 0, 500))
	f.Add(datagram(0, counting(1800), 900, 900), datagram(0, counting(1800), 0, 1000))
	f.Add(unhex(f, openSSL), []byte{0x2e, 0, 1, 0, 20})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var fresh, used Client
		used.Add(hello)
		used.Add(datagram(1, counting(900), 100, 500))
		used.Reset()
		arrived := 0
		for _, d := range [][]byte{a, b, a} {
			arrived += len(d)
			was := fmt.Sprintf("%+v", fresh)
			st := fresh.Add(d)
			if ust := used.Add(d); ust != st || !bytes.Equal(used.Hello(), fresh.Hello()) || used.Version() != fresh.Version() {
				t.Fatalf("reused: %v, %x; fresh: %v, %x", ust, used.Hello(), st, fresh.Hello())
			}
			if is := fmt.Sprintf("%+v", fresh); st == wire.Alien && is != was {
				t.Fatalf("nothing to keep, but %s became %s", was, is)
			}
			if _, _, n, ok := Record(d); ok && n < recordHeader && d[0]&0xe0 != 0x20 {
				t.Fatalf("record of %d bytes", n)
			}
			if fresh.Hello() != nil && len(fresh.Hello()) > arrived || held(&fresh) > 8*arrived+256 {
				t.Fatalf("%d bytes of %d, %d held", len(fresh.Hello()), arrived, held(&fresh))
			}
		}
	})
}
