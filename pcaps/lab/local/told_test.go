//go:build linux

package local

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"chokepoint/capture"
	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab/mishap"
)

// accusing are the kinds that blame the path for what this host did.
var accusing = []finding.Kind{finding.DropConnect, finding.DropHello, finding.DropMidflow}

// innocent fails if the path was blamed at any time, be it for a moment.
func (w *watch) innocent() {
	w.t.Helper()
	for _, k := range accusing {
		for _, v := range []finding.Verdict{finding.Suspected, finding.Likely, finding.Confirmed} {
			if w.told[fmt.Sprintf("%s %s", k, v)] {
				w.t.Errorf("blames the path: %s %s", k, v)
			}
		}
	}
	for kind := range w.told {
		if strings.HasPrefix(kind, string(finding.ResetInjected)+" ") {
			w.t.Errorf("says that it was injected: %s", kind)
		}
	}
}

// about lists the findings of a kind that hold.
func (w *watch) about(k finding.Kind) (out []finding.Finding) {
	for _, f := range w.findings {
		if f.Kind == k && f.Verdict != finding.Withdrawn {
			out = append(out, f)
		}
	}
	return out
}

// all lists the findings that hold, whatever they are of.
func (w *watch) all() (out []finding.Finding) {
	for _, f := range w.findings {
		if f.Verdict != finding.Withdrawn {
			out = append(out, f)
		}
	}
	return out
}

// the returns the one flow between two ends.
func (w *watch) the(from, to netip.AddrPort) *flow {
	w.t.Helper()
	var found *flow
	for i := range w.flows {
		if f := &w.flows[i]; between(f.key, from, to) {
			if found != nil {
				w.t.Errorf("two flows: %+v and %+v", *found, *f)
			}
			found = f
		}
	}
	if found == nil {
		w.t.Fatalf("no flow from %v to %v: %+v", from, to, w.flows)
	}
	return found
}

func between(k capture.Key, a, b netip.AddrPort) bool {
	src, dst := netip.AddrPortFrom(k.SrcAddr(), k.SrcPort), netip.AddrPortFrom(k.DstAddr(), k.DstPort)
	return src == a && dst == b || src == b && dst == a
}

func key(from, to netip.AddrPort, proto uint8) capture.Key {
	return capture.Key{Src: from.Addr().As16(), Dst: to.Addr().As16(), SrcPort: from.Port(), DstPort: to.Port(), Proto: proto}
}

// named checks that the packets of a finding are those of one direction.
func (w *watch) named(f *finding.Finding, t *mishap.Trace) {
	w.t.Helper()
	for _, n := range f.Packets {
		p, ok := w.packets[n]
		if !ok || p.key != key(t.From, t.To, t.Proto) {
			w.t.Errorf("packet %d is none from %v to %v: %+v", n, t.From, t.To, p.key)
		}
		if t.Flags != 0 && p.flags&0xff != t.Flags {
			w.t.Errorf("packet %d has flags %#x, not %#x", n, p.flags, t.Flags)
		}
	}
}

// answers checks the last answer for the service.
func (w *watch) answers(status, cause string) {
	w.t.Helper()
	if len(w.services) == 0 {
		w.t.Error("no answer")
		return
	}
	last := w.services[len(w.services)-1]
	if last.Service != mine || string(last.Status) != status || last.Cause != cause {
		w.t.Errorf("%s is %s by %s, want %s by %s: %s", last.Service, last.Status, last.Cause, status, cause, last.Sentence)
	}
	w.t.Logf("%s", last.Sentence)
}

// said tells findings in a line, for the log and for errors.
func said(list []finding.Finding) string {
	var out []string
	for _, f := range list {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", f.Kind, f.Verdict, f.BenignCause, f.Reason)))
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}
