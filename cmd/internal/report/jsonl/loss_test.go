package jsonl

import (
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// TestWhereItWasLost: before the tap or behind it, and whose that is.
func TestWhereItWasLost(t *testing.T) {
	for _, tc := range []struct {
		name    string
		vantage string
		up, dn  fact.Side // Holes: before the tap, Retrans: behind it
		local   bool
		want    string
	}{
		{"nothing was lost", "host", fact.Side{}, fact.Side{}, false, ""},
		{"holes in what comes to the client", "host", fact.Side{}, fact.Side{Holes: 3}, false, "path"},
		{"the client repeats", "host", fact.Side{Retrans: 3}, fact.Side{}, false, "path"},
		{"what came is repeated: needlessly, for all one knows", "host", fact.Side{}, fact.Side{Retrans: 3}, false, ""},
		{"what came is repeated, and the kernel dropped it", "host", fact.Side{}, fact.Side{Retrans: 3}, true, "this_host"},
		{"between a gateway and the client", "gateway", fact.Side{Holes: 2}, fact.Side{Retrans: 3, Holes: 1}, false, "first_hop"},
		{"beyond a gateway", "gateway", fact.Side{Retrans: 2}, fact.Side{Holes: 2, Retrans: 1}, false, "path"},
		{"the server repeats", "server", fact.Side{}, fact.Side{Retrans: 3}, false, "path"},
		{"holes in what the server sent, at the server", "server", fact.Side{}, fact.Side{Holes: 3}, false, ""},
		{"somewhere between", "span", fact.Side{Holes: 3}, fact.Side{}, false, "path"},
		{"nobody knows where the tap was", "unknown", fact.Side{Holes: 3}, fact.Side{}, false, ""},
	} {
		f := &fact.Flow{Key: key(capture.ProtoTCP, "10.0.0.2:1", "192.0.2.1:443"), Vantage: tc.vantage}
		f.Sides[fact.Up], f.Sides[fact.Down] = tc.up, tc.dn
		f.Sides[fact.Up].Packets, f.Sides[fact.Down].Packets = 100, 100
		if tc.local {
			f.Local = &fact.Local{Drops: []fact.LocalDrop{{Reason: "SOCKET_RCVBUFF", Count: 3}}}
		}
		if got := newLoss(f).Where; got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
