//go:build linux

package packets

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

var counting = Config{Payloads: 1, Whole: 4096, Head: 32, RingBytes: 1 << 20, Flows: 1024, Aggregate: true}

// unseen collects what Unseen tells, by flow and direction.
func unseen(t testing.TB, p *Program, into map[string]Unseen) (calls int) {
	t.Helper()
	err := p.Unseen(func(u Unseen) {
		calls++
		k := fmt.Sprintf("%v:%d>%v:%d/%d", u.Src, u.SrcPort, u.Dst, u.DstPort, u.Proto)
		u.Segs += into[k].Segs
		u.Bytes += into[k].Bytes
		into[k] = u
	})
	if err != nil {
		t.Fatal(err)
	}
	return calls
}

func total(m map[string]Unseen) (segs, bytes uint64) {
	for _, u := range m {
		segs += uint64(u.Segs)
		bytes += u.Bytes
	}
	return segs, bytes
}

// Where headers are only counted, what is wanted whole still goes whole, what has no
// flow is sent, and the rest is counted to the packet, each direction for itself.
func TestAggregate(t *testing.T) {
	p := loaded(t, counting)
	data := ether(0x0800, v4(6, tcp(1000, 443, ack, 12, zeros(late))))
	bare := reversed(ether(0x0800, v4(6, tcp(1000, 443, ack, 12, nil))))
	media := ether(0x86dd, v6(17, udp(3000, 3001, zeros(100))))
	for range 10 {
		for _, f := range [][]byte{data, bare, media, append(slices.Clone(media), zeros(7)...)} {
			pass(t, p.EtherIn, f, nil)
		}
		pass(t, p.EtherIn, data, &skb{Segs: 3, SegSize: 400, Ifindex: 1})
	}
	for _, f := range [][]byte{ether(0x0800, v4(6, tcp(1000, 443, fin|ack, 0, nil))), ether(0x0800, v4(50, zeros(late))), ether(0x0806, zeros(46))} {
		pass(t, p.EtherIn, f, nil)
	}
	if got := len(records(t, p)); got != 2+3 {
		t.Errorf("%d records, want the first payloads of two directions and three others", got)
	}
	c := counts(t, p)
	if c.Unseen != 50-2 || c.UnseenSegs != 9+10+19+30 {
		t.Errorf("%+v", c)
	}
	got := map[string]Unseen{}
	unseen(t, p, got)
	a, b, m4 := fmt.Sprint(from6), fmt.Sprint(to6), [16]byte{10: 0xff, 11: 0xff, 12: 10, 15: 1}
	m5 := m4
	m5[15] = 2
	for key, want := range map[string]Unseen{
		fmt.Sprintf("%v:1000>%v:443/6", m4, m5):    {Segs: 9 + 30, Bytes: 9*1052 + 10*(1052+2*52)},
		fmt.Sprintf("%v:443>%v:1000/6", m5, m4):    {Segs: 10, Bytes: 10 * 52},
		fmt.Sprintf("%s:3000>%s:3001/17", a, b):    {Segs: 19, Bytes: 19 * 148},
		fmt.Sprintf("%s:3001>%s:3000/17", b, a):    {},
		fmt.Sprintf("%v:1000>%v:443/17", from6, a): {},
	} {
		if u := got[key]; u.Segs != want.Segs || u.Bytes != want.Bytes || want.Segs > 0 && (u.Time == 0 || u.Ifindex == 0) {
			t.Errorf("%s: %+v, want %d segments, %d bytes", key, u, want.Segs, want.Bytes)
		}
	}
	if len(got) != 3 {
		t.Errorf("told of %d directions, want 3", len(got))
	}
	if calls := unseen(t, p, got); calls != 0 {
		t.Errorf("told again %d times what had been told", calls)
	}
	pass(t, p.EtherIn, bare, nil)
	if calls := unseen(t, p, got); calls != 1 {
		t.Errorf("told %d times of one packet more", calls)
	}
}

// A count that was not told for a second comes as a record with the flow's next
// packet; it and the sweeps together tell everything once.
func TestTallyRecord(t *testing.T) {
	p := loaded(t, counting)
	data := ether(0x0800, v4(6, tcp(1000, 443, ack, 12, zeros(late))))
	other := ether(0x0800, v4(17, udp(5, 6, zeros(late))))
	for range 4 {
		pass(t, p.EtherIn, data, nil)
		pass(t, p.EtherIn, other, nil)
	}
	if got := len(records(t, p)); got != 2 {
		t.Fatalf("%d records", got)
	}
	before := p.ring.waiting()
	time.Sleep(time.Second + 10*time.Millisecond) // TELL of flow.h, by the kernel's clock
	pass(t, p.EtherIn, data, nil)
	if p.ring.waiting() == before {
		t.Fatal("no record of the count after a second")
	}
	if n := len(records(t, p)); n != 0 {
		t.Errorf("Next returned %d counts as packets", n)
	}
	if len(p.waiting) != 1 || p.waiting[0].Segs != 4 || p.waiting[0].DstPort != 443 {
		t.Fatalf("from the record: %+v", p.waiting)
	}
	got := map[string]Unseen{}
	if calls := unseen(t, p, got); calls != 2 {
		t.Errorf("told %d times of two flows", calls)
	}
	if segs, bytes := total(got); segs != 7 || bytes != 4*1052+3*1028 || segs != counts(t, p).Unseen {
		t.Errorf("%d segments, %d bytes", segs, bytes)
	}
	pass(t, p.EtherIn, data, nil)
	if got := p.ring.waiting(); got != 0 {
		t.Errorf("a count is told again at once: %d bytes", got)
	}
}

// Flows that the table forgets take what was counted of them with them, but not out
// of the counters; nothing is told twice.
func TestForgottenFlows(t *testing.T) {
	c := counting
	c.Flows, c.Payloads = 64, 0
	p := loaded(t, c)
	got := map[string]Unseen{}
	const n = 4096
	for i := range n {
		pass(t, p.EtherIn, ether(0x0800, v4(17, udp(uint16(10000+i), 9, zeros(10)))), nil)
		if i%50 == 0 {
			unseen(t, p, got)
		}
	}
	unseen(t, p, got)
	segs, bytes := total(got)
	if segs > n || segs < n/4 || bytes != segs*38 {
		t.Errorf("%d of %d told, %d bytes", segs, n, bytes)
	}
	if c := counts(t, p); c.Unseen != n || c.Sent != 0 {
		t.Errorf("%+v", c)
	}
	if len(p.known) > 64 {
		t.Errorf("%d flows are remembered, the table has 64", len(p.known))
	}
}

// Records that come late, and entries that began anew, are told rightly.
func TestGrown(t *testing.T) {
	var ts tallies
	k := flowKey{LowPort: 1}
	value := func(born, segs uint64) *flowValue {
		v := &flowValue{Born: born}
		v.To[1].Segs, v.To[1].Bytes = segs, segs*100
		return v
	}
	for i, c := range []struct {
		born, segs, want uint64
	}{{1, 0, 0}, {1, 5, 5}, {1, 9, 4}, {1, 7, 0}, {1, 9, 0}, {2, 3, 3}, {1, 20, 0}, {2, 12, 9}, {3, 12, 12}} {
		var got uint64
		ts.grown(&k, value(c.born, c.segs), func(u Unseen) {
			got += uint64(u.Segs)
			if u.DstPort != 1 || u.Bytes != uint64(u.Segs)*100 {
				t.Errorf("%+v", u)
			}
		})
		if got != c.want {
			t.Errorf("%d: told %d, want %d", i, got, c.want)
		}
	}
}
