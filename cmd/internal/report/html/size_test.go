package html

import (
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// crowd is a capture of many flows, a part of which have findings with packets.
func crowd(flows, findings int) *Page {
	p := New()
	c := p.Capture(nil)
	at := time.Unix(1_700_000_000, 0).UTC()
	name := strings.Repeat("long-label.", 20) + "example.org"
	rate, burst := 1e6, uint64(1e5)
	for i := range findings {
		id, flow := fmt.Sprintf("f%d", i+1), uint64(i*50+1)
		kind := finding.ResetInjected
		if i%10 == 0 {
			kind = finding.RatePoliced
		}
		f := &finding.Finding{ID: id, Kind: kind, Verdict: finding.Likely, Service: fmt.Sprintf("service%d", i%40), Proto: "tcp", Name: name,
			Summary: strings.Repeat("a long sentence about it ", 20), Flows: []string{fact.FlowID(flow).String()}, Direction: finding.ToClient,
			RateBps: &rate, BurstBytes: &burst, From: at, To: at.Add(time.Hour)}
		for n := range uint64(40) {
			f.Packets = append(f.Packets, flow+n)
		}
		for range 20 {
			f.For = append(f.For, finding.Evidence{Code: "R1", Family: finding.Sequence, Class: finding.S, Text: strings.Repeat("a long sentence ", 20), Packets: f.Packets})
		}
		c.Finding(f)
		c.Service(&answer.Service{Service: f.Service, Name: f.Service, Status: answer.Blocked, Sentence: "x: " + strings.Repeat("long ", 50)})
	}
	var f fact.Flow
	for i := range flows {
		f = fact.Flow{ID: fact.FlowID(i*50 + 1), Key: keyOf(i), Start: at.UnixNano() + int64(i)*1e6, Last: at.UnixNano() + int64(i)*1e6 + 5e9, LastNum: uint64(i*50 + 1000)}
		f.Names.SNI = name
		var ids []string
		if i < findings {
			ids = []string{fmt.Sprintf("f%d", i+1)}
		}
		c.Flow(&f, ids)
	}
	c.End(&classify.Stats{First: at, Last: at.Add(time.Hour), Flows: uint64(flows), Packets: uint64(flows) * 50})
	for _, taker := range c.Wants() {
		key := taker.Flow().Key
		for n := range 400 {
			q := capture.Packet{Num: uint64(taker.Flow().ID) + uint64(n), Time: at.UnixNano() + int64(n)*3e6, Key: key, TTL: 60, IPLen: 1500, Segs: 1,
				Has: capture.HasIP | capture.HasPorts | capture.HasTCP, Flags: capture.ACK, Seq: uint32(n * 1460), PayloadLen: 1460}
			if n%3 == 0 {
				q.Key, q.PayloadLen, q.Ack = key.Reverse(), 0, uint32(n*1460)
			}
			taker.Add(&q)
		}
	}
	return p
}

func keyOf(i int) capture.Key {
	client, server := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), netip.MustParseAddr("192.0.2.2")
	return capture.Key{Src: client.As16(), Dst: server.As16(), SrcPort: uint16(i), DstPort: 443, Proto: capture.ProtoTCP}
}

// maxPage is what a page may take, whatever was captured.
const maxPage = 10_000_000

func TestAPageStaysSmall(t *testing.T) {
	flows := 1_000_000
	if testing.Short() {
		flows = 50_000
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	p := crowd(flows, 3000)
	runtime.GC()
	runtime.ReadMemStats(&after)
	out := written(t, p)
	t.Logf("%d flows: %d bytes, %d MB kept", flows, len(out), (after.HeapAlloc-before.HeapAlloc)>>20)
	if len(out) > maxPage {
		t.Errorf("the page has %d bytes", len(out))
	}
	if kept := after.HeapAlloc - before.HeapAlloc; kept > 200<<20 {
		t.Errorf("%d MB are kept", kept>>20)
	}
	for _, said := range []string{
		fmt.Sprintf("%d of %d flows", maxFlows, flows), fmt.Sprintf("%d more have no room here", flows-maxFlows), "The page has no room for more packets",
	} {
		if !strings.Contains(out, said) {
			t.Errorf("the page does not say: %s", said)
		}
	}
	runtime.KeepAlive(p)
}

// TestFlowsWithFindingsComeFirst, also where the others came before them.
func TestFlowsWithFindingsComeFirst(t *testing.T) {
	var l flowList
	for i := range maxFlows + 100 {
		var ids []string
		if i >= maxFlows+90 {
			ids = []string{"f1"}
		}
		l.add(&fact.Flow{ID: fact.FlowID(i + 1)}, ids)
	}
	shown := l.shown(maxFlows)
	if len(shown) != maxFlows || l.sum != maxFlows+100 || len(l.at) != maxFlows {
		t.Errorf("%d of %d flows are shown, %d known", len(shown), l.sum, len(l.at))
	}
	for i, r := range shown[:11] {
		if found := len(r.findings) > 0; found != (i < 10) {
			t.Errorf("flow %d of the table is %s, found: %v", i, r.id, found)
		}
	}
}
