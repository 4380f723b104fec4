package detect

import (
	"fmt"
	"time"

	"chokepoint/classify/finding"
)

// ownReset reports that this host made the resets of one side: its TCP says that
// it sent them, or its firewall had just dropped what they answer (R13).
func (c *resetCase) ownReset() (finding.Reason, bool) {
	l := c.f.Local
	if l == nil || len(c.resets) == 0 {
		return finding.Reason{}, false
	}
	if n := l.Sent[c.dir].Count; n > 0 && int(n) >= len(c.resets) {
		return finding.Reason{Code: "local_stack", Text: fmt.Sprintf("%s: this host's own TCP sent it (%s)", c.who(), l.Sent[c.dir].Reason)}, true
	}
	if c.firewalled() {
		return finding.Reason{Code: "local_firewall", Text: c.who() + ": this host's own firewall sent it for a packet that it rejected"}, true
	}
	return finding.Reason{}, false
}

// rejectTime is how close a reset is to the packet that a firewall of the same
// host rejected with it, ns: it is made in the same call.
const rejectTime = int64(10 * time.Millisecond)

// firewalled: every reset comes with a packet of the other direction that
// netfilter dropped, as "reject with tcp reset" does.
func (c *resetCase) firewalled() bool {
	for i := range c.f.Local.Drops {
		x := &c.f.Local.Drops[i]
		if x.Reason != "NETFILTER_DROP" || x.Dir != c.dir.Other() || int(x.Count) < len(c.resets) {
			continue
		}
		first, last := c.resets[0].Time, c.resets[len(c.resets)-1].Time
		if first >= x.First-rejectTime && last <= x.Last+rejectTime {
			return true
		}
	}
	return false
}

// reaction is R9 as this host's own TCP tells it: it refused the resets.
func (c *resetCase) reaction() []resetSign {
	l := c.f.Local
	switch {
	case len(c.resets) == 0:
		return nil
	case l == nil || l.Refused[c.dir].Count == 0:
		return c.challenged()
	}
	r, after := &l.Refused[c.dir], &c.f.AfterReset[c.dir]
	s := resetSign{code: "R9", family: finding.Reaction, class: finding.W, got: r.Reason,
		packets: append(nums(c.resets), after.NewPackets...),
		clause:  fmt.Sprintf("this host's TCP refused it (%s)", r.Reason)}
	switch {
	case r.Reason == "TCP_RESET" && l.Received[c.dir].Count > 0:
		// Challenged, and confirmed by an exact one: the peer lost its state.
	case r.Reason == "TCP_RESET" && after.NewData > 0:
		s.class = finding.C
		s.clause = fmt.Sprintf("this host's TCP challenged it, and its sender went on with %s", plural(int(after.NewData), "new segment"))
	case r.Reason == "TCP_RESET", r.Count > 1:
		s.class = finding.M
	}
	return []resetSign{s}
}

// refusedAll reports that this host's TCP discarded all resets of the side: what the
// sender does after them is no life after a reset (R1 gives way to R9).
func (c *resetCase) refusedAll() bool {
	if s := c.challenged(); len(s) > 0 && s[0].class == finding.C && len(c.resets) == 1 {
		return true
	}
	return c.refusedHere()
}

// refusedHere reports that this host's TCP itself discarded all resets of the side. A
// connection lives on after that.
func (c *resetCase) refusedHere() bool {
	l := c.f.Local
	n := max(len(c.resets), int(c.f.ResetCount[c.dir])) // some of many are not kept
	return l != nil && n > 0 && int(l.Refused[c.dir].Count) >= n && l.Received[c.dir].Count == 0
}
