//go:build linux

package local

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/live"
	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab/mishap"
)

// dropped is a mishap that costs packets, and what is to be said of it.
type dropped struct {
	mishap.Mishap
	verdict finding.Verdict
	cause   string // of benign
	stray   bool   // it never reached the tap: no flow, no packets
	status  string
	by      string
	silence time.Duration // how long it takes to see that nothing goes on
	backend string
}

func drops() []dropped {
	const failing, host = "failing", "this_host"
	want := map[string]dropped{
		"input rule":          {verdict: finding.Confirmed, status: failing, by: host},
		"output rule":         {verdict: finding.Confirmed, status: failing, by: host, stray: true},
		"input policy":        {verdict: finding.Confirmed, status: failing, by: host},
		"input limit":         {verdict: finding.Confirmed, status: failing, by: host},
		"closed port":         {verdict: finding.Benign, cause: "no_socket", status: failing, by: host},
		"closed port of IPv6": {verdict: finding.Benign, cause: "no_socket", status: failing, by: host},
		"reverse path filter": {verdict: finding.Confirmed, status: failing, by: host},
		"nobody listens":      {verdict: finding.Benign, cause: "no_socket", status: "inconclusive", by: "unknown"},
		"full socket":         {verdict: finding.Confirmed, status: failing, by: host},
		"bad checksum":        {verdict: finding.Benign, cause: "damaged", status: "inconclusive", by: "unknown"},
		"full queue":          {verdict: finding.Confirmed, status: failing, by: host},
		"no neighbour":        {verdict: finding.Confirmed, status: failing, by: host, stray: true},
	}
	var all []dropped
	for _, m := range mishap.Drops() {
		d := want[m.Name] // one that is not listed fails for want of a verdict
		d.Mishap, d.backend = m, live.TCX
		all = append(all, d)
		if slices.Contains([]string{"input rule", "output rule", "full queue"}, m.Name) {
			for _, d.backend = range []string{live.Clsact, live.AFPacket} {
				all = append(all, d)
			}
		}
	}
	return append(all, dropped{Mishap: mishap.Mishap{Name: "no route", Make: mishap.NoRoute}, backend: live.TCX,
		verdict: finding.Confirmed, status: failing, by: host, silence: 3500 * time.Millisecond})
}

// TestDrops: whatever makes this host's kernel drop packets is found, once, with its
// reason and its flow, and nothing else is blamed for it.
func TestDrops(t *testing.T) {
	t.Parallel()
	sideBySide(t, drops(), func(d dropped) string { return d.Name + " by " + d.backend }, func(t *testing.T, d dropped) {
		p := pair(t)
		w := begin(t, p.Here, d.backend, servers()...)
		trace, err := d.Make(p)
		if err != nil {
			t.Fatal(err)
		}
		w.waitFor("the first note", func() bool {
			return slices.ContainsFunc(w.notes, func(n capture.Note) bool { return n.Kind == capture.NoteDrop })
		})
		w.end(d.silence)
		w.innocent()
		found := w.about(finding.DropLocal)
		t.Logf("%s: %s", d.Name, said(found))
		if len(found) != 1 {
			t.Fatalf("%d findings: %s", len(found), said(found))
		}
		d.check(w, &found[0], &trace)
		w.answers(d.status, d.by)
	})
}

// check compares a finding with what happened.
func (d *dropped) check(w *watch, f *finding.Finding, trace *mishap.Trace) {
	w.t.Helper()
	if f.Verdict != d.verdict || f.BenignCause != d.cause || !slices.Contains(trace.Reasons, f.Reason) || f.Segment != finding.ThisHost || f.Service != mine {
		w.t.Errorf("%s %q %s %s of %q, want %s %q %v of %s", f.Verdict, f.BenignCause, f.Reason, f.Segment, f.Service, d.verdict, d.cause, trace.Reasons, mine)
	}
	ends := [2]netip.AddrPort{netip.AddrPortFrom(f.Client.IP, f.Client.Port), netip.AddrPortFrom(f.Server.IP, f.Server.Port)}
	if ends != [2]netip.AddrPort{trace.From, trace.To} && ends != [2]netip.AddrPort{trace.To, trace.From} {
		w.t.Errorf("between %v, not %v and %v", ends, trace.From, trace.To)
	}
	if d.stray {
		if len(f.Flows)+len(f.Packets) > 0 || len(w.flows) > 0 {
			w.t.Errorf("flows %v, packets %v of what was never seen; %+v", f.Flows, f.Packets, w.flows)
		}
		return
	}
	x := w.the(trace.From, trace.To)
	if !slices.Equal(f.Flows, []string{x.id}) || len(x.local.Drops) != 1 {
		w.t.Fatalf("flows %v, want %s: %+v", f.Flows, x.id, x.local)
	}
	if got := x.local.Drops[0]; int(got.Count) != trace.Packets && d.Name != "no route" || got.Out != trace.Out {
		w.t.Errorf("%+v, want %d packets", got, trace.Packets)
	}
	if tapped := !trace.Out || d.Name == "full queue" && d.backend != live.AFPacket; tapped == (len(f.Packets) == 0) {
		w.t.Errorf("packets %v, they passed the tap: %t", f.Packets, tapped)
	}
	w.named(f, trace)
	if toServer := f.Direction == finding.ToServer; toServer != (ends[0] == trace.From) {
		w.t.Errorf("%s, but from %v", f.Direction, trace.From)
	}
}
