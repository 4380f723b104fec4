package board

import (
	"fmt"
	"io"
	"runtime"
	"testing"

	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
)

// heap is what is in use, bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestNothingGrows: a capture of half a million findings and as many flows, of ever
// new names and services, takes no more than one of a few thousand.
func TestNothingGrows(t *testing.T) {
	b := New(io.Discard, Options{Size: fixed(80, 25)}, silent{w: io.Discard})
	l := NewLines(io.Discard, silent{w: io.Discard})
	check(t, b.Begin(meta("eth0")), l.Begin(meta("eth0")))
	kinds := []finding.Kind{finding.ResetInjected, finding.DNSForged, finding.DropHello}
	verdicts := []finding.Verdict{finding.Confirmed, finding.Likely, finding.Suspected, finding.Benign, finding.Withdrawn}
	n := 0
	play := func(count int) {
		for range count {
			n++
			id := n
			if n%4 == 0 {
				id = n - 3 // a later revision
			}
			f := found(fmt.Sprint("f", id), kinds[n%3], verdicts[n%5], "", float64(n), fmt.Sprint("c", n))
			f.Name = fmt.Sprint("n", n, ".example.org")
			fl := flowTo(n, "", f.Name)
			check(t, b.Finding(f), l.Finding(f), b.Flow(fl, nil))
			if n%100 == 0 {
				s := says(fmt.Sprint("s", n), "", answer.OK, "works")
				check(t, b.Service(s), l.Service(s))
				b.Reached(moment(float64(n)/1000, uint64(n), 0, 0))
			}
		}
	}
	play(25_000)
	before := heap()
	play(475_000)
	if after := heap(); after > before+1<<20 {
		t.Errorf("%d bytes grew to %d", before, after)
	}
	for _, gs := range []*groups{&b.groups, &l.groups} {
		if len(gs.by) > maxGroups || len(gs.members) > maxMembers || len(gs.by) == 0 {
			t.Errorf("%d groups of %d findings", len(gs.by), len(gs.members))
		}
	}
	if len(b.services) != maxServices || len(l.services) != maxServices {
		t.Errorf("%d and %d services", len(b.services), len(l.services))
	}
	runtime.KeepAlive(b)
	runtime.KeepAlive(l)
}

// The counts stay right while findings change their mind, and groups go and come
// again.
func TestGroupsAreCountedRight(t *testing.T) {
	var gs groups
	a := found("f1", finding.ResetInjected, finding.Confirmed, "max", 1, "c1")
	b := found("f2", finding.ResetInjected, finding.Confirmed, "max", 2, "c2", "c3")
	gs.add(a)
	g, _ := gs.add(b)
	if g.findings != 2 || g.flows != 3 {
		t.Errorf("%d findings of %d flows", g.findings, g.flows)
	}
	gone := *a
	gone.Verdict = finding.Withdrawn
	gs.add(&gone)
	gs.add(&gone) // said twice
	if g.findings != 1 || g.flows != 2 {
		t.Errorf("%d findings of %d flows after one was taken back", g.findings, g.flows)
	}
	for i := range maxGroups { // the group is pushed out
		gs.add(found(fmt.Sprint("g", i), finding.DropHello, finding.Likely, fmt.Sprint("s", i), 3, "c9"))
	}
	if gs.by[g.key] != nil {
		t.Fatal("the oldest group stayed")
	}
	again, _ := gs.add(found("f3", finding.ResetInjected, finding.Confirmed, "max", 4, "c4"))
	gone = *b
	gone.Verdict = finding.Benign
	if _, lost := gs.add(&gone); lost != nil || again.findings != 1 || again.flows != 1 {
		t.Errorf("a finding of the group before took one of this: %d, %d", again.findings, again.flows)
	}
	if _, lost := gs.add(&finding.Finding{ID: "f3", Kind: again.kind, Verdict: finding.Withdrawn}); lost != again {
		t.Error("the last one went and nobody was told")
	}
}
