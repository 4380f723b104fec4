package fact

import (
	"net/netip"
	"testing"
)

var (
	triesClient = netip.MustParseAddr("192.0.2.10")
	triesServer = netip.MustParseAddr("203.0.113.5")
)

func try(name string) Try {
	return Try{Client: triesClient, Server: triesServer, Port: 443, Proto: 6, Name: name}
}

func TestAttempts(t *testing.T) {
	var ts Attempts
	ts.SawWon(try("a"), "x", "x", Won{Flow: 1})
	ts.SawWon(try("b"), "", "", Won{Flow: 2})
	if len(ts.Failed()) != 0 {
		t.Fatal("nothing failed")
	}
	ts.SawLost(try("a"), "x", "x", Lost{Flow: 1, Finding: "f1"})
	f := ts.Failed()
	if len(f) != 1 || len(f[0].Won) != 0 || len(f[0].Lost) != 1 {
		t.Fatalf("what failed is not what was answered: %+v", f)
	}
	ts.SawWon(try("a"), "x", "x", Won{Flow: 1})
	if len(f[0].Won) != 0 {
		t.Error("a late answer to what failed counts")
	}
	if n := ts.Near(triesClient, netip.MustParseAddr("203.0.113.99")); len(n) != 2 {
		t.Errorf("%d kinds in the network, want 2", len(n))
	}
	ts.Forget(try("a"), "f1")
	if len(ts.Failed()) != 0 {
		t.Error("a failure that was taken back is still there")
	}
}

// TestAttemptsAreBounded: many successes do not grow the memory, and do not push out
// what is beside a failure.
func TestAttemptsAreBounded(t *testing.T) {
	var ts Attempts
	ts.SawWon(try("good"), "", "", Won{Flow: 1})
	for i := range 3 * maxOutcomes {
		ts.SawLost(try("bad"), "", "", Lost{Flow: FlowID(10 + i)})
	}
	for i := range 3 * maxTries {
		k := try("other")
		k.Server = netip.AddrFrom4([4]byte{198, byte(i >> 12), byte(i >> 4), byte(i << 4)})
		ts.SawWon(k, "", "", Won{Flow: FlowID(1000 + i)})
	}
	if ts.order.Len() > maxTries || len(ts.cells) != ts.order.Len() {
		t.Errorf("%d kinds kept, %d listed", len(ts.cells), ts.order.Len())
	}
	total := 0
	for _, l := range ts.near {
		total += len(l.tried)
	}
	if total != ts.order.Len() {
		t.Errorf("%d kinds by network, %d listed", total, ts.order.Len())
	}
	if n := len(ts.Near(triesClient, triesServer)); n != 2 {
		t.Errorf("%d kinds beside the failure, want 2", n)
	}
	if f := ts.Failed(); len(f) != 1 || len(f[0].Lost) != maxOutcomes || ts.lost != maxOutcomes {
		t.Errorf("%d failures kept, %d counted", len(f[0].Lost), ts.lost)
	}
}

// TestRevisionCountsWhereSomethingFailed: what is answered far from any failure is no
// news to what compares attempts; what is answered beside one, is forgotten or fails, is.
func TestRevisionCountsWhereSomethingFailed(t *testing.T) {
	var ts Attempts
	ts.SawWon(try("a"), "", "", Won{Flow: 1})
	if ts.Revision() != 0 {
		t.Error("news though nothing failed")
	}
	last := ts.Revision()
	news := func(what string, want bool) {
		t.Helper()
		if got := ts.Revision() != last; got != want {
			t.Errorf("%s: news %v, want %v", what, got, want)
		}
		last = ts.Revision()
	}
	ts.SawLost(try("b"), "", "", Lost{Flow: 2, Finding: "f1"})
	news("a failure", true)
	ts.SawWon(try("a"), "", "", Won{Flow: 3})
	news("an answer beside it", true)
	far := try("a")
	far.Server = netip.MustParseAddr("198.51.100.7")
	ts.SawWon(far, "", "", Won{Flow: 4})
	ts.Forget(far, "f1")
	news("an answer elsewhere", false)
	ts.Forget(try("b"), "f1")
	news("the failure taken back", true)
	ts.SawWon(try("a"), "", "", Won{Flow: 5})
	news("an answer where none fails any more", false)
}
