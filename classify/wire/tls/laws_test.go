package tls

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// show prints what a parse yielded, without the memory it keeps for reuse.
func show(st Status, n int, v any) string {
	switch v := v.(type) {
	case *ClientHello:
		c := *v
		c.buf, c.want, c.last = nil, 0, ""
		return fmt.Sprintf("%v %d %+v", st, n, c)
	case *ServerFlight:
		c := *v
		c.buf, c.want = nil, 0
		return fmt.Sprintf("%v %d %+v", st, n, c)
	}
	panic("unknown type")
}

// cuts calls fn with lengths of prefixes of n bytes: all of a short stream,
// about a hundred of a long one.
func cuts(n int, fn func(int)) {
	for i := 0; i < n; i += 1 + i/40 {
		fn(i)
	}
}

// helloLaws checks the laws of ClientHello.Parse over one stream.
func helloLaws(t *testing.T, stream []byte) {
	t.Helper()
	var whole, used ClientHello
	st, n := whole.Parse(stream)
	if n < 0 || n > len(stream) || st != Done && n != 0 {
		t.Fatalf("took %d of %d bytes with %v", n, len(stream), st)
	}
	if len(whole.SNI) > 255 {
		t.Fatalf("name of %d bytes", len(whole.SNI))
	}
	if st == NeedMore && whole.Want() <= 0 {
		t.Fatal("needs more, wants nothing")
	}
	used.Parse(records(chrome("other.example"), 100)) // a value used before gives the same
	cuts(len(stream), func(i int) {
		var p ClientHello
		pst, pn := p.Parse(stream[:i])
		if pst == NeedMore {
			if end := i + p.Want() - 1; end < len(stream) {
				if early, _ := used.Parse(stream[:end]); early == Done {
					t.Fatalf("at %d bytes: wanted %d, was done with fewer", i, end+1-i)
				}
			}
			if p.ParsePartial(stream[:i]); len(p.SNI) > 255 {
				t.Fatalf("partial name of %d bytes", len(p.SNI))
			}
			return
		}
		if a, b := show(pst, pn, &p), show(st, n, &whole); a != b {
			t.Fatalf("prefix of %d:\n%s\nwhole:\n%s", i, a, b)
		}
	})
	ust, un := used.Parse(stream)
	if a, b := show(ust, un, &used), show(st, n, &whole); a != b {
		t.Fatalf("reused:\n%s\nfresh:\n%s", a, b)
	}
}

// flightLaws checks the laws of ServerFlight.Parse over one stream.
func flightLaws(t *testing.T, stream []byte) {
	t.Helper()
	var whole, used ServerFlight
	st, n := whole.Parse(stream)
	if n < 0 || n > len(stream) || st != Done && n != 0 {
		t.Fatalf("took %d of %d bytes with %v", n, len(stream), st)
	}
	if st == NeedMore && whole.Want() <= 0 {
		t.Fatal("needs more, wants nothing")
	}
	used.Parse(records(serverHello(0x0303, counting(32), 0x2f, alpn("h2")), 50))
	cuts(len(stream), func(i int) {
		var p ServerFlight
		pst, pn := p.Parse(stream[:i])
		if pst == NeedMore {
			return
		}
		if a, b := show(pst, pn, &p), show(st, n, &whole); a != b {
			t.Fatalf("prefix of %d:\n%s\nwhole:\n%s", i, a, b)
		}
	})
	ust, un := used.Parse(stream)
	if a, b := show(ust, un, &used), show(st, n, &whole); a != b {
		t.Fatalf("reused:\n%s\nfresh:\n%s", a, b)
	}
}

// TestClientHelloLawsOverMutants holds the laws over a fixed set of damaged
// hellos, so that they are tried on every run and not only when fuzzing.
func TestClientHelloLawsOverMutants(t *testing.T) {
	msg := chrome("web.whatsapp.com")
	seeds := [][]byte{records(msg, 1<<14), records(msg, 100), records(hello(0x0301, []uint16{0x2f}, sni("t.me")), 1)}
	r := rand.New(rand.NewPCG(1, 2))
	for range 600 {
		s := slices.Clone(seeds[r.IntN(len(seeds))])
		for range 1 + r.IntN(4) {
			switch i := r.IntN(len(s)); r.IntN(4) {
			case 0:
				s[i] = byte(r.Uint32())
			case 1:
				s[i%min(len(s), 200)] ^= 1 << r.IntN(8) // where the lengths are
			case 2:
				s = slices.Insert(s, i, byte(r.Uint32()))
			case 3:
				s = s[:i+1]
			}
		}
		helloLaws(t, s)
	}
}

func FuzzClientHello(f *testing.F) {
	msg := chrome("web.whatsapp.com")
	f.Add(records(msg, 1<<14))
	f.Add(records(msg, 200))
	f.Add(records(hello(0x0301, []uint16{0x2f}, sni("t.me")), 1))
	f.Add(cat([]byte{0x80, 28, 1, 3, 1}, u16s(3, 0, 16), counting(19)))
	f.Fuzz(helloLaws)
}

func FuzzServerFlight(f *testing.F) {
	f.Add(records(serverHello(0x0303, counting(32), 0x1301, ext(extSupportedVersions, u16s(0x0304))), 40))
	f.Add(cat(record(typeAlert, []byte{1, 112}), records(serverHello(0x0303, counting(32), 0x2f), 99), record(typeChangeCipher, []byte{1})))
	f.Add(records(cat(serverHello(0x0303, helloRetry[:], 0x1301, ext(extSupportedVersions, u16s(0x0304))), []byte{11, 0, 0, 10}, vec24(vec24(counting(4)))), 99))
	f.Fuzz(flightLaws)
}
