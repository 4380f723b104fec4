//go:build linux

package offloads

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab/tap"
)

// flows keeps what is told of flows, by the client's port.
type flows map[uint16]fact.Flow

func (f flows) Flow(got *fact.Flow, _ []string) error {
	f[got.Key.SrcPort] = *got
	return nil
}
func (f flows) Finding(*finding.Finding) error { return nil }
func (f flows) Service(*answer.Service) error  { return nil }

// known is what is known of the flows of a source.
func known(t *testing.T, src capture.Source) flows {
	t.Helper()
	f := flows{}
	if _, err := classify.Run(context.Background(), src, f, classify.Options{All: true}); err != nil {
		t.Fatal(err)
	}
	return f
}

// fromLive is what is known of packets that came live.
func fromLive(t *testing.T, packets []capture.Packet) flows {
	t.Helper()
	return known(t, &capturetest.Source{Packets: packets})
}

// fromFile is what is known of a recording that was a file in between.
func fromFile(t *testing.T, c tap.Capture) flows {
	t.Helper()
	// As much payload as live capture has: bulk says nothing by its bytes.
	file, err := c.PCAPNG(eth, tap.Keep{Whole: int(capture.Live.Payloads), Rest: int(capture.Live.Head)})
	if err != nil {
		t.Fatal(err)
	}
	src, err := pcapfile.New(bytes.NewReader(file), eth, pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	return known(t, src)
}

// counts is what must be equal of a side.
type counts struct {
	packets, payload, ipBytes uint64
	retrans                   uint32
	holes                     uint32 // those that were filled soon included
	next, contig              uint32
}

func countsOf(s *fact.Side) counts {
	return counts{s.Packets, s.Payload, s.IPBytes, s.Retrans, s.Holes + s.OutOfOrder, s.NextSeq, s.Contig}
}

// alike compares what is known of a flow with what another says.
func alike(t *testing.T, who string, got, want *fact.Flow) {
	t.Helper()
	for d := range got.Sides {
		g, w := &got.Sides[d], &want.Sides[d]
		if a, b := countsOf(g), countsOf(w); a != b {
			t.Errorf("%s, %v:\n%+v\n%+v in the file", who, fact.Dir(d), a, b)
		}
		for _, r := range []struct {
			name string
			a, b fact.Opt[time.Duration]
		}{{"handshake", g.RTT.Handshake, w.RTT.Handshake}, {"least", g.RTT.Min, w.RTT.Min}, {"median", g.RTT.P50, w.RTT.P50}} {
			if diff := (r.a.V - r.b.V).Abs(); r.a.Ok != r.b.Ok || diff > time.Millisecond {
				t.Errorf("%s, %v: %s round trip %v, in the file %v", who, fact.Dir(d), r.name, r.a, r.b)
			}
		}
	}
	// A merged frame is longer than what the plan calls whole.
	if blind := got.Blind &^ fact.BlindSnaplen; blind != want.Blind || got.State != want.State || got.VLAN != want.VLAN {
		t.Errorf("%s: %s, blind %v; in the file %s, %v", who, got.State, got.Blind.Names(), want.State, want.Blind.Names())
	}
}

// row is a line of the table.
func row(f *fact.Flow, d int) string {
	s := &f.Sides[d]
	return fmt.Sprintf("%-4v %6d segments %9d payload %9d IP %5d again %5d holes %5d late, rtt %v/%v/%v", fact.Dir(d),
		s.Packets, s.Payload, s.IPBytes, s.Retrans, s.Holes, s.OutOfOrder, s.RTT.Handshake.V, s.RTT.Min.V, s.RTT.P50.V)
}
