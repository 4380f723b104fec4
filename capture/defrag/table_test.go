package defrag

import (
	"bytes"
	"math"
	"testing"

	"chokepoint/capture"
)

func TestJoinsFragmentsInEveryOrder(t *testing.T) {
	data := text(64)
	cuts := [][2]int{{0, 16}, {16, 24}, {24, 40}, {40, 48}, {48, 64}}
	for name, c := range map[string]struct {
		piece func(from, to int, more bool) *capture.Packet
		want  []byte
	}{
		"IPv4": {func(from, to int, more bool) *capture.Packet { return piece4(t, 9, data, from, to, more) }, whole4(t, 9, 64)},
		"IPv6": {func(from, to int, more bool) *capture.Packet { return piece6(9, data, from, to, more) }, whole6(64)},
	} {
		t.Run(name, func(t *testing.T) {
			tab := NewTable()
			runs := uint64(0)
			permutations(len(cuts), func(order []int) {
				for k, i := range order {
					p := c.piece(cuts[i][0], cuts[i][1], cuts[i][1] < len(data))
					got, ok := add(t, tab, p)
					if last := k == len(order)-1; ok != last || last && !bytes.Equal(got, c.want) {
						t.Fatalf("order %v, fragment %d: %v, % x\nwant % x", order, k, ok, got, c.want)
					}
				}
				runs++
			})
			if got := tab.Counts(); got != (Counts{Joined: runs}) || tab.Len() != 0 || tab.bytes != 0 {
				t.Errorf("counts %+v, %d open with %d bytes", got, tab.Len(), tab.bytes)
			}
		})
	}
}

func TestKeepsDontFragmentAndWrongChecksums(t *testing.T) {
	data := text(16)
	for name, c := range map[string]struct {
		change func(ip []byte)
		check  func(ip []byte) bool
	}{
		"don't fragment": {func(ip []byte) { ip[6] |= 0x40; ip[10], ip[11] = 0, 0; setSum(ip) },
			func(ip []byte) bool { return ip[6] == 0x40 && checksum(ip[:20]) == 0 }},
		"a wrong checksum": {func(ip []byte) { ip[10] ^= 1 }, func(ip []byte) bool { return checksum(ip[:20]) != 0 }},
		"no checksum":      {func(ip []byte) { ip[10], ip[11] = 0, 0 }, func(ip []byte) bool { return ip[10] == 0 && ip[11] == 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			tab := NewTable()
			first := piece4(t, 1, data, 0, 8, true)
			c.change(first.Frame)
			add(t, tab, first)
			got, ok := add(t, tab, piece4(t, 1, data, 8, 16, false))
			if !ok || !c.check(got) {
				t.Errorf("% x", got)
			}
		})
	}
}

func setSum(ip []byte) {
	sum := checksum(ip[:20])
	ip[10], ip[11] = byte(sum>>8), byte(sum)
}

func TestOverlapsOfIPv4KeepTheBytesThatCameFirst(t *testing.T) {
	first, second := bytes.Repeat([]byte("A"), 64), bytes.Repeat([]byte("b"), 64)
	tab := NewTable()
	add(t, tab, piece4(t, 1, first, 16, 32, true))
	add(t, tab, piece4(t, 1, second, 8, 40, true)) // around it
	if _, ok := add(t, tab, piece4(t, 1, first, 48, 64, false)); ok {
		t.Fatal("joined with a hole")
	}
	add(t, tab, piece4(t, 1, second, 40, 56, true))
	got, ok := add(t, tab, piece4(t, 1, first, 0, 16, true))
	const want = "AAAAAAAA" + "bbbbbbbb" + "AAAAAAAAAAAAAAAA" + "bbbbbbbb" + "bbbbbbbb" + "AAAAAAAAAAAAAAAA"
	if !ok || string(got[20:]) != want {
		t.Errorf("%v %q, want %q", ok, got, want)
	}
	if c := tab.Counts(); c != (Counts{Joined: 1, Overlaps: 3}) {
		t.Errorf("counts %+v", c)
	}
}

// TestTeardrop is the attack of 1997 (CERT CA-1997-28): a second fragment that
// lies inside the first and says it is the last.
func TestTeardrop(t *testing.T) {
	tab := NewTable()
	add(t, tab, piece4(t, 1, text(36), 0, 32, true))
	if _, ok := add(t, tab, piece4(t, 1, text(36), 24, 28, false)); ok {
		t.Error("joined")
	}
	if c := tab.Counts(); c.Overlaps != 1 || c.Joined != 0 {
		t.Errorf("counts %+v", c)
	}
}

func TestOverlapsOfIPv6DropTheDatagramAndWhatIsStillToCome(t *testing.T) {
	data, other := text(32), bytes.Repeat([]byte("x"), 32)
	tab := NewTable()
	add(t, tab, piece6(1, data, 0, 16, true))
	add(t, tab, piece6(1, other, 8, 24, true))
	for _, p := range []*capture.Packet{piece6(1, data, 0, 16, true), piece6(1, data, 16, 32, false)} {
		if _, ok := add(t, tab, p); ok {
			t.Error("joined")
		}
	}
	if c := tab.Counts(); c != (Counts{Overlaps: 1, Dropped: 1}) || tab.bytes != 0 || tab.Len() != 1 {
		t.Errorf("counts %+v, %d bytes of %d", c, tab.bytes, tab.Len())
	}
	tab.Expire(math.MaxInt64) // what was dropped has not timed out as well
	if c := tab.Counts(); c.TimedOut != 0 || tab.Len() != 0 {
		t.Errorf("counts %+v, %d open", c, tab.Len())
	}
}

func TestRepeatedFragmentsAreNoOverlap(t *testing.T) {
	data := text(32)
	tab := NewTable()
	for range 3 {
		add(t, tab, piece6(1, data, 16, 32, false))
		add(t, tab, piece4(t, 1, data, 16, 32, false))
	}
	_, six := add(t, tab, piece6(1, data, 0, 16, true))
	_, four := add(t, tab, piece4(t, 1, data, 0, 16, true))
	if c := tab.Counts(); !six || !four || c != (Counts{Joined: 2, Duplicates: 4}) {
		t.Errorf("joined %v %v, counts %+v", six, four, c)
	}
}

// TestTinyFragmentsJoin has the most fragments a datagram can be cut into, in
// order and in the opposite one: splitting finely must not hide anything.
func TestTinyFragmentsJoin(t *testing.T) {
	data := text(65512)
	ip, _ := found(piece4(t, 1, data, 0, 8, true))
	for name, place := range map[string]func(i int) int{
		"in order":    func(i int) int { return i * 8 },
		"from behind": func(i int) int { return len(data) - 8 - i*8 },
	} {
		tab := NewTable()
		var got []byte
		var ok bool
		for i := range len(data) / 8 {
			f := ip
			f.Off = place(i)
			f.More, f.Data, f.Len = f.Off+8 < len(data), data[f.Off:f.Off+8], 8
			got, ok = tab.Add(&f)
		}
		if !ok || !bytes.Equal(got[20:], data) || tab.bytes != 0 {
			t.Errorf("%s: not joined, counts %+v", name, tab.Counts())
		}
	}
}

// TestPingOfDeath has a last fragment that ends beyond 65535 bytes (CERT
// CA-1996-26), and a header that only the first fragment makes too long.
func TestPingOfDeath(t *testing.T) {
	tab := NewTable()
	f := Fragment{Header: make([]byte, 20), Off: 65512, Data: text(100), Len: 100}
	tab.Add(&f)
	long := Fragment{ID: 2, Header: make([]byte, 60), Data: text(65512), Len: 65512, More: true}
	if _, ok := tab.Add(&long); ok {
		t.Error("joined")
	}
	last := Fragment{ID: 3, Header: make([]byte, 20), Off: 65480, Data: text(35), Len: 35}
	first := Fragment{ID: 3, Header: make([]byte, 60), Data: text(65472), Len: 65472, More: true}
	middle := Fragment{ID: 3, Header: make([]byte, 20), Off: 65472, Data: text(8), Len: 8, More: true}
	for _, f := range []*Fragment{&last, &first, &middle} {
		if _, ok := tab.Add(f); ok {
			t.Error("joined")
		}
	}
	if c := tab.Counts(); c.TooBig != 3 || tab.bytes != 0 {
		t.Errorf("counts %+v, %d bytes", c, tab.bytes)
	}
}

func TestAnIdentificationMayBeUsedAgain(t *testing.T) {
	old, young := bytes.Repeat([]byte("o"), 16), bytes.Repeat([]byte("y"), 16)
	at := func(p *capture.Packet, seconds int64) *capture.Packet {
		p.Time = seconds * 1_000_000_000
		return p
	}
	tab := NewTable()
	add(t, tab, at(piece4(t, 1, old, 0, 8, true), 0))
	// After the time is up the old half is not mixed with the new one.
	add(t, tab, at(piece4(t, 1, young, 8, 16, false), 31))
	got, ok := add(t, tab, at(piece4(t, 1, young, 0, 8, true), 32))
	if !ok || string(got[20:]) != string(young) {
		t.Errorf("%v %q", ok, got)
	}
	// Nor after a datagram was completed.
	add(t, tab, at(piece4(t, 1, old, 8, 16, false), 33))
	if got, ok = add(t, tab, at(piece4(t, 1, old, 0, 8, true), 33)); !ok || string(got[20:]) != string(old) {
		t.Errorf("%v %q", ok, got)
	}
	if c := tab.Counts(); c != (Counts{Joined: 2, TimedOut: 1}) {
		t.Errorf("counts %+v", c)
	}
}

func TestWhatTellsDatagramsApart(t *testing.T) {
	data := text(16)
	base, _ := found(piece4(t, 1, data, 0, 8, true))
	rest, _ := found(piece4(t, 1, data, 8, 16, false))
	for name, change := range map[string]func(*Fragment){
		"source":         func(f *Fragment) { f.Src[15]++ },
		"destination":    func(f *Fragment) { f.Dst[15]++ },
		"identification": func(f *Fragment) { f.ID++ },
		"protocol":       func(f *Fragment) { f.Proto++ },
		"interface":      func(f *Fragment) { f.If++ },
	} {
		tab, f := NewTable(), rest
		change(&f)
		tab.Add(&base)
		if _, ok := tab.Add(&f); ok {
			t.Errorf("joined in spite of another %s", name)
		}
	}
	six, _ := found(piece6(1, data, 8, 16, false))
	six.Proto++ // RFC 8200: what the first fragment says counts
	tab := NewTable()
	tab.Add(&six)
	if got, ok := add(t, tab, piece6(1, data, 0, 8, true)); !ok || got[40] != capture.ProtoUDP {
		t.Errorf("IPv6 not joined for another protocol in the last fragment: % x", got)
	}
}

func TestTimeoutsArePacketTime(t *testing.T) {
	data := text(16)
	tab := NewTable()
	add(t, tab, piece4(t, 1, data, 0, 8, true))
	add(t, tab, piece6(1, data, 0, 8, true))
	for _, c := range []struct {
		now  int64
		open int
	}{{-5, 2}, {TimeoutV4, 2}, {TimeoutV4 + 1, 1}, {TimeoutV6, 1}, {TimeoutV6 + 1, 0}} {
		if tab.Expire(c.now); tab.Len() != c.open {
			t.Errorf("at %d ns %d wait, want %d", c.now, tab.Len(), c.open)
		}
	}
	if c := tab.Counts(); c != (Counts{TimedOut: 2}) || tab.bytes != 0 {
		t.Errorf("counts %+v", c)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		off, size int
		v6        bool
	}{
		"few and large": {0, 64000, false}, "many and small": {65000, 8, true}, "given up at once": {70000, 8, true},
	} {
		t.Run(name, func(t *testing.T) {
			tab := NewTable()
			f := Fragment{Header: make([]byte, 40), V6: c.v6, Off: c.off, Data: make([]byte, c.size), Len: c.size, More: true}
			const n = 3 * MaxDatagrams
			for range n {
				f.ID++
				tab.Add(&f)
				if tab.bytes > MaxBytes || tab.Len() > MaxDatagrams {
					t.Fatalf("%d bytes of %d datagrams", tab.bytes, tab.Len())
				}
			}
			got := tab.Counts()
			if given := got.Evicted + got.TooBig; got.TooBig == 0 && given+uint64(tab.Len()) != n || got.TooBig != 0 && given != n {
				t.Errorf("counts %+v, %d open", got, tab.Len())
			}
		})
	}
}

func TestRefusesWhatNobodyShouldSend(t *testing.T) {
	good, _ := found(piece6(1, text(16), 0, 8, true))
	for name, change := range map[string]func(*Fragment){
		"a middle of 7 bytes": func(f *Fragment) { f.Data, f.Len = f.Data[:7], 7 },
		"an odd offset":       func(f *Fragment) { f.Off = 3 },
		"a negative offset":   func(f *Fragment) { f.Off = -8 },
		"an empty fragment":   func(f *Fragment) { f.Data, f.Len = nil, 0 },
		"a short header":      func(f *Fragment) { f.Header = f.Header[:39] },
		"no place for next":   func(f *Fragment) { f.NextAt = len(f.Header) },
		"more than it has":    func(f *Fragment) { f.Len = 0 },
	} {
		tab, f := NewTable(), good
		change(&f)
		if _, ok := tab.Add(&f); ok || tab.Counts() != (Counts{Malformed: 1}) || tab.Len() != 0 {
			t.Errorf("%s: counts %+v", name, tab.Counts())
		}
	}
	tab := NewTable()
	good.Data = good.Data[:5]
	if _, ok := tab.Add(&good); ok || tab.Counts() != (Counts{Clipped: 1}) {
		t.Errorf("clipped: counts %+v", tab.Counts())
	}
}
