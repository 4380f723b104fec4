package quic

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"chokepoint/classify/wire"
)

// mostMemory is what a Client may hold, whatever it is fed, bytes.
const mostMemory = 64 << 10

// mostKeyAllocs is what a set of keys may cost: two AES key schedules and GCM.
const mostKeyAllocs = 3

// clientLaws feeds the datagrams to one Client and holds it to its word.
func clientLaws(t *testing.T, datagrams [][]byte) {
	t.Helper()
	var c, used Client
	used.Add(base.seal(part(decoy, 0, 1000)))
	used.Reset()
	var done []byte
	conflict, foreign := false, false
	for i, d := range datagrams {
		st := c.Add(d)
		// Asking changes nothing: only one of the two is asked. The scripts have no
		// packets that a server sealed.
		if used.Opens(d) {
			t.Fatalf("datagram %d: the client's packet is a server's", i)
		}
		if st2 := used.Add(d); st2 != st || !bytes.Equal(used.Partial(), c.Partial()) || used.Other() != c.Other() || used.Conflict() != c.Conflict() || used.derived != c.derived {
			t.Fatalf("datagram %d: %v when fresh, %v when used before", i, st, st2)
		}
		if c.Cap() > mostMemory {
			t.Fatalf("datagram %d: holds %d bytes", i, c.Cap())
		}
		if (st == wire.Done) != (c.Hello() != nil) || st == wire.Done && (c.Missing() != 0 || !bytes.Equal(c.Hello(), c.Partial())) {
			t.Fatalf("datagram %d: %v with a hello of %d bytes, %d missing", i, st, len(c.Hello()), c.Missing())
		}
		// What a prefix of the datagrams made Done stays, byte for byte.
		if done != nil && !bytes.Equal(c.Hello(), done) {
			t.Fatalf("datagram %d: another hello after Done", i)
		}
		if h := c.Hello(); h != nil && done == nil {
			done = slices.Clone(h)
			if h[0] != msgClientHello || len(h) != messageLen(h) {
				t.Fatalf("a hello of %d bytes that says % x", len(h), h[:4])
			}
		}
		if conflict && !c.Conflict() && done != nil || foreign && !c.Other() {
			t.Fatalf("datagram %d: took back what it said", i)
		}
		conflict, foreign = c.Conflict(), c.Other()
	}
}

// parseLaws: what Parse took it takes again without what follows.
func parseLaws(t *testing.T, d []byte) {
	t.Helper()
	var p, q Packet
	n, st := Parse(d, &p)
	if n < 0 || n > len(d) || (st == wire.Done) != (n > 0) || st != wire.Done && st != wire.Alien {
		t.Fatalf("%v with %d of %d bytes", st, n, len(d))
	}
	if len(p.DCID) > maxCID || len(p.SCID) > maxCID || len(p.Versions) > maxVersions {
		t.Fatalf("%+v", p)
	}
	if n2, st2 := Parse(d[:n], &q); st == wire.Done && (n2 != n || st2 != st || q.Type != p.Type || !bytes.Equal(q.Protected, p.Protected)) {
		t.Fatalf("%d bytes: %v, alone %v and %d", n, st, st2, n2)
	}
	name, ok := CHLOName(d)
	if again, _ := wire.Hostname(name); ok && again != name {
		t.Fatalf("%q is no host name", name)
	}
}

// script turns bytes into datagrams: sealed ones, so that what is behind the
// seal is reached, and some that were damaged after it. Each step is a byte of
// choices, two of length, and as many bytes of frames.
func script(in []byte) (out [][]byte) {
	specs := []spec{
		base, chosen, base.with(retried), base.with(elsewhere),
		base.with(func(s *spec) { s.version = V2 }), base.with(func(s *spec) { s.version, s.under = 0x0a0a0a0a, V1 }),
		base.with(func(s *spec) { s.typ = ZeroRTT }), base.with(func(s *spec) { s.pnLen, s.pn = 1, 200 }),
	}
	for len(in) >= 3 && len(out) < 2*MaxDatagrams {
		choice, n := in[0], int(binary.BigEndian.Uint16(in[1:]))%2000
		in = in[3:]
		n = min(n, len(in))
		d := specs[choice&7].seal(in[:n])
		if choice&8 != 0 && len(out) > 0 {
			last := len(out) - 1
			out[last] = cat(out[last], d) // coalesced
		} else {
			out = append(out, d)
		}
		if choice&0x30 == 0x30 && n > 0 {
			d := out[len(out)-1]
			d[int(choice>>6)*7%len(d)] ^= in[0] | 1
		}
		in = in[n:]
	}
	return out
}

// step is one line of a script.
func step(choice byte, frames []byte) []byte {
	return cat([]byte{choice}, binary.BigEndian.AppendUint16(nil, uint16(len(frames))), frames)
}

func seeds() [][]byte {
	return [][]byte{
		step(0, part(short, 0, 300)),
		cat(step(0, part(hello, 0, 1000)), step(1, part(hello, 1000, 1800))),
		cat(step(0, part(hello, 1000, 1800)), step(0, cat(ping, ack, part(hello, 500, 1000), padding(9), part(hello, 0, 600)))),
		cat(step(0, part(hello, 0, 1000)), step(2, part(hello, 0, 1700)), step(2, part(hello, 1700, 1800))),
		cat(step(3, part(short, 0, 300)), step(0, part(hello, 0, 1000)), step(8, part(hello, 1000, 1800))),
		cat(step(5, part(short, 0, 300)), step(4, part(hello, 0, 1000)), step(6, padding(40)), step(7, ackECN)),
		cat(step(0, part(hello, 0, 1000)), step(0x30, part(hello, 1000, 1800)), step(0, closed)),
	}
}

// TestLawsOverMutants tries the laws on every run, not only when fuzzing.
func TestLawsOverMutants(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	all := seeds()
	done := 0
	for range 1500 {
		s := slices.Clone(all[r.IntN(len(all))])
		if r.IntN(3) == 0 {
			s = cat(s, all[r.IntN(len(all))])
		}
		for range r.IntN(4) {
			switch i := r.IntN(len(s)); r.IntN(4) {
			case 0:
				s[i] = byte(r.Uint32())
			case 1:
				s[i%min(len(s), 12)] ^= 1 << r.IntN(8)
			case 2:
				s = slices.Insert(s, i, byte(r.Uint32()))
			case 3:
				s = s[:i+1]
			}
		}
		datagrams := script(s)
		clientLaws(t, datagrams)
		var c Client
		for _, d := range datagrams {
			parseLaws(t, d)
			if c.Add(d) == wire.Done {
				done++
				break
			}
		}
	}
	if done < 300 { // else the laws were held by doing nothing
		t.Errorf("only %d of 1500 came to a hello", done)
	}
}

// TestMemoryOfTheWorstSender: frames at the far end, packets of the largest
// size, keys of many kinds.
func TestMemoryOfTheWorstSender(t *testing.T) {
	var c Client
	for i := range 2 * MaxDatagrams {
		s := base
		if i%2 == 1 {
			s.dcid = string(rune('a' + i))
		}
		s.token = string(make([]byte, 13000))
		c.Add(s.seal(cat(crypto(MaxCrypto-1, []byte{1}), crypto(1<<20, []byte{2}), padding(3000))))
	}
	if c.Cap() > mostMemory {
		t.Errorf("holds %d bytes", c.Cap())
	}
	if c.derived > maxDerived {
		t.Errorf("%d sets of keys", c.derived)
	}
}

// TestSizeOfKeys: what Cap says of the keys is what they take.
func TestSizeOfKeys(t *testing.T) {
	const n = 2000
	all := make([]keys, n)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range all {
		all[i].derive(V1, []byte(first), clientIn)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if got := int(after.HeapAlloc-before.HeapAlloc) / n; got > keysSize || got < keysSize/2 {
		t.Errorf("a set of keys takes %d bytes, said to be %d", got, keysSize)
	}
	runtime.KeepAlive(all)
}

func FuzzClient(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in []byte) { clientLaws(t, script(in)) })
}

func FuzzParse(f *testing.F) {
	for _, v := range vectors {
		f.Add(unhex(f, v.server))
		f.Add(unhex(f, v.retry))
	}
	f.Add(long(0x80, 0, 8, 8, versions(1, 0x6b3343cf)))
	f.Add(cat(unhex(f, headQ043), chlo("example.com")))
	f.Add(cat(unhex(f, headQ046), chlo("example.com")))
	f.Fuzz(func(t *testing.T, d []byte) {
		parseLaws(t, d)
		clientLaws(t, [][]byte{d, d})
	})
}

func TestAllocations(t *testing.T) {
	one, two := base.seal(part(hello, 0, 1000)), base.seal(cat(ack, part(hello, 1000, 1800)))
	after := cat(chosen.seal(cat(ack, padding(30))), base.with(func(s *spec) { s.typ, s.dcid = Handshake, server }).seal(padding(60)))
	vn := long(0x80, 0, 8, 8, versions(1, 2, 3))
	var p Packet
	Parse(vn, &p)
	if n := testing.AllocsPerRun(100, func() { Parse(one, &p); Parse(vn, &p); CHLOName(one) }); n != 0 {
		t.Errorf("Parse: %v allocations", n)
	}
	var c Client
	c.Add(one)
	c.Add(two)
	if c.Add(after) != wire.Done || c.Datagrams() != 3 {
		t.Fatal("not done")
	}
	plain := []byte("\x40 a short header")
	if n := testing.AllocsPerRun(100, func() { c.count = 2; c.Add(after); c.Add(plain) }); n != 0 || c.Unopened() != 0 {
		t.Errorf("after Done: %v allocations, %d unopened", n, c.Unopened())
	}
	// The keys are all that a hello costs in a Client used before.
	if n := testing.AllocsPerRun(100, func() { c.Reset(); c.Add(one); c.Add(two) }); n > mostKeyAllocs {
		t.Errorf("a hello: %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { c.Reset(); c.Add(one); c.Add(two) }) - testing.AllocsPerRun(100, func() { c.Reset(); c.Add(one) }); n != 0 {
		t.Errorf("a second datagram: %v allocations", n)
	}
}

func BenchmarkHello(b *testing.B) {
	d := base.seal(cat(part(short, 0, 300), padding(860)))
	var c Client
	b.ReportAllocs()
	for b.Loop() {
		c.Reset()
		if c.Add(d) != wire.Done {
			b.Fatal("not done")
		}
	}
}

func BenchmarkHelloInTwo(b *testing.B) {
	one, two := base.seal(part(hello, 0, 1150)), base.seal(cat(part(hello, 1150, 1800), padding(500)))
	var c Client
	b.ReportAllocs()
	for b.Loop() {
		c.Reset()
		c.Add(one)
		if c.Add(two) != wire.Done {
			b.Fatal("not done")
		}
	}
}

func BenchmarkParse(b *testing.B) {
	d := base.seal(padding(1150))
	var p Packet
	b.ReportAllocs()
	for b.Loop() {
		Parse(d, &p)
	}
}

func BenchmarkAlien(b *testing.B) {
	d := unhex(b, "80 60 00 01 00 00 00 a0 00 00 00 01 ff ff ff ff 00 00 00 00")
	var c Client
	b.ReportAllocs()
	for b.Loop() {
		c.Add(d)
	}
}
