package detect

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Bounds of a cluster (resets-and-drops, D4: at least three flows, two networks, the
// middle half within 4 packets or 4 KB).
const (
	clusterFlows   = 3
	clusterParties = 2
	clusterPackets = 4
	clusterBytes   = 4 << 10
	// clusterShare is how wide the middle half may be at most, of the median: short
	// flows lie within 4 KB of each other by chance.
	clusterShare = 0.25
	// clusterWithin is how far apart the flows may have stopped, ns.
	clusterWithin = repeatWithin
)

// DropCluster finds flows to different parties that were cut after about as many
// packets, or as many bytes, while a long one passed (resets-and-drops, D4). One flow
// that stops has many causes; that they stop at one count has few. It tells which of
// the counters they agree on more closely.
type DropCluster struct{}

// Name returns "drop.cluster".
func (DropCluster) Name() string { return "drop.cluster" }

// Judge returns a lift for each flow of a cluster.
func (DropCluster) Judge(w *fact.World) WorldJudgement {
	var out WorldJudgement
	for _, all := range standing(w) {
		for _, f := range all {
			if c := clusterOf(w, all, f); c != nil {
				out.Lifts = append(out.Lifts, c.lift(f))
			}
		}
	}
	return out
}

// standing sorts the flows that may be of a cluster by what they must have in common.
func standing(w *fact.World) (out [][]*fact.Failure) {
	type place struct {
		client netip.Addr
		ifc    uint16
		proto  uint8
	}
	at := map[place]int{}
	for i := range w.Frozen {
		f := &w.Frozen[i]
		if !begun(f) {
			continue
		}
		k := place{f.Client, f.If, f.Proto}
		n, known := at[k]
		if !known {
			n = len(out)
			at[k], out = n, append(out, nil)
		}
		out[n] = append(out[n], f)
	}
	few := func(all []*fact.Failure) bool { return len(all) < clusterFlows }
	out = slices.DeleteFunc(out, few)
	for i := range out {
		out[i] = slices.DeleteFunc(out[i], func(f *fact.Failure) bool { return passed(w, f) })
	}
	return slices.DeleteFunc(out, few)
}

// cluster is flows that stopped alike.
type cluster struct {
	flows    []*fact.Failure
	packets  spread
	bytes    spread
	owners   []string
	networks []netip.Prefix
	broke    int   // of them, while their ends were talking
	from, to int64 // in which they stood still, ns
	long     []fact.Control
}

// clusterOf gathers what stopped like f, of all that may have, nil if it is no cluster.
func clusterOf(w *fact.World, all []*fact.Failure, f *fact.Failure) *cluster {
	if c := about(all, f); c.lacks(w, f) == "" {
		return c
	}
	return nil
}

// about gathers what stopped about when f did.
func about(all []*fact.Failure, f *fact.Failure) *cluster {
	c := &cluster{from: f.From, to: f.Time}
	for _, o := range all {
		if max(o.From-f.From, f.From-o.From) > clusterWithin {
			continue
		}
		c.add(o)
		c.from, c.to = min(c.from, o.From), max(c.to, o.Time)
	}
	return c
}

// lacks returns the code of what it is short of, "" if it is a cluster.
func (c *cluster) lacks(w *fact.World, f *fact.Failure) string {
	switch {
	case len(c.flows) < clusterFlows:
		return "few"
	case len(c.owners) < clusterParties && len(c.networks) < clusterParties:
		return "one_party"
	}
	c.packets = spreadOf(c.flows, func(o *fact.Failure) uint64 { return o.AfterPackets })
	c.bytes = spreadOf(c.flows, func(o *fact.Failure) uint64 { return o.AfterBytes })
	if !c.packets.tight(clusterPackets) && !c.bytes.tight(clusterBytes) {
		return "apart"
	}
	if c.long = c.longControls(w, f, c.from, c.to); len(c.long) == 0 {
		return "no_long_control"
	}
	return ""
}

func (c *cluster) add(o *fact.Failure) {
	c.flows = append(c.flows, o)
	if brokeOff(o) {
		c.broke++
	}
	if o.Owner != "" && !slices.Contains(c.owners, o.Owner) {
		c.owners = append(c.owners, o.Owner)
	}
	if n := fact.Network(o.Server); !slices.Contains(c.networks, n) {
		c.networks = append(c.networks, n)
	}
}

// begun reports a flow that had come as far as those that are cut after a number of
// packets or bytes. That they agree to so many tells the more, the later it is.
func begun(o *fact.Failure) bool {
	return o.AfterPackets >= freezeMinPackets && o.AfterBytes >= freezeMinBytes
}

// passed reports that another connection to the same address got well beyond the
// point at which this one stopped.
func passed(w *fact.World, o *fact.Failure) bool {
	return slices.ContainsFunc(w.Controls, func(c fact.Control) bool {
		return c.Flow != 0 && c.Flow != o.Flow && c.Server == o.Server && c.Proto == o.Proto && c.Bytes >= fact.LongFlow
	})
}

// longControls are long flows of the same client to parties that are not of the
// cluster, that were alive while those stood still.
func (c *cluster) longControls(w *fact.World, f *fact.Failure, from, to int64) []fact.Control {
	all := w.ControlsFor(fact.ControlQuery{Client: f.Client, If: f.If, Proto: f.Proto, From: from - clusterWithin, To: to}, controlScan)
	return slices.DeleteFunc(all, func(x fact.Control) bool {
		return x.Bytes < fact.LongFlow || localAddr(x.Server) != localAddr(f.Server) || x.Owner != "" && slices.Contains(c.owners, x.Owner) ||
			slices.ContainsFunc(c.flows, func(o *fact.Failure) bool { return o.Server == x.Server })
	})
}

// verdict is how far a cluster raises its flows. Where all of them had idled before
// anybody missed an answer, a NAT that forgot them looks the same; where all are of
// one owner, a site of its that fell out does, unless they were cut at different times.
func (c *cluster) verdict() finding.Verdict {
	switch {
	case c.broke > 0 && len(c.owners) >= clusterParties,
		c.broke == len(c.flows) && len(c.networks) >= clusterParties && !oneEvent(c.flows...):
		return finding.Likely
	}
	return finding.Suspected
}

func (c *cluster) lift(f *fact.Failure) Lift {
	l := Lift{Finding: f.Finding, To: c.verdict(), Supplies: goodBye, Evidence: c.evidence()}
	for _, o := range c.flows {
		if o != f {
			l.Rests = append(l.Rests, o.Finding)
		}
	}
	for _, x := range c.long[:min(len(c.long), maxControls)] {
		l.Controls = append(l.Controls, x.Flow.String())
	}
	l.Summary = fmt.Sprintf("%d connections stop alike, %s", len(c.flows), c.tighter())
	return l
}

func (c *cluster) evidence() finding.Evidence {
	who := fmt.Sprintf("%d networks", len(c.networks))
	if len(c.owners) > 0 {
		who = strings.Join(slices.Sorted(slices.Values(c.owners)), ", ") + " in " + who
	}
	e := finding.Evidence{Code: "D4", Family: finding.Trigger, Class: finding.S,
		Text: fmt.Sprintf("%d connections of this client, to %s, stop after %s and %s, %s; %s passed %d bytes meanwhile",
			len(c.flows), who, c.packets.text("packets"), c.bytes.text("bytes"), c.tighter(), c.long[0].Flow, c.long[0].Bytes),
		Got:  fmt.Sprintf("middle half within %.0f packets, %.0f bytes", c.packets.iqr, c.bytes.iqr),
		Want: fmt.Sprintf("<= %d packets or <= %d bytes, <= %.0f %% of the median", clusterPackets, clusterBytes, 100*clusterShare)}
	for _, o := range c.flows {
		e.Packets = append(e.Packets, o.Num)
	}
	slices.Sort(e.Packets)
	e.Packets = slices.Compact(e.Packets)
	e.Packets = e.Packets[:min(len(e.Packets), 8)]
	return e
}

// tighter says which counter they agree on more closely.
func (c *cluster) tighter() string {
	if c.packets.share() <= c.bytes.share() {
		return fmt.Sprintf("packets agree more closely than bytes (%.0f %% against %.0f %% of the median)", 100*c.packets.share(), 100*c.bytes.share())
	}
	return fmt.Sprintf("bytes agree more closely than packets (%.0f %% against %.0f %% of the median)", 100*c.bytes.share(), 100*c.packets.share())
}

// spread is how counts are distributed.
type spread struct {
	least, most uint64
	median, iqr float64
}

func spreadOf(flows []*fact.Failure, count func(*fact.Failure) uint64) spread {
	var all []uint64
	for _, f := range flows {
		all = append(all, count(f))
	}
	slices.Sort(all)
	at := func(q float64) float64 { // linear between the order statistics
		x := q * float64(len(all)-1)
		i := int(x)
		if i+1 >= len(all) {
			return float64(all[i])
		}
		return float64(all[i]) + (x-float64(i))*(float64(all[i+1])-float64(all[i]))
	}
	return spread{all[0], all[len(all)-1], at(0.5), at(0.75) - at(0.25)}
}

func (s spread) tight(iqr float64) bool { return s.iqr <= iqr && s.share() <= clusterShare }

func (s spread) share() float64 { return s.iqr / max(s.median, 1) }

func (s spread) text(unit string) string {
	if s.least == s.most {
		return fmt.Sprintf("%d %s", s.least, unit)
	}
	return fmt.Sprintf("%d to %d %s", s.least, s.most, unit)
}

// talkingGap is how well it must be known when a connection was cut for its ends to have
// been talking, ns: what had idled may have been forgotten at any time since.
const talkingGap = int64(time.Second)

// brokeOff reports a connection that was cut while its ends were talking.
func brokeOff(f *fact.Failure) bool { return f.CutBy-f.CutFrom <= talkingGap }

// oneEvent reports connections cut midway that one event may have ended together, a
// site that fails over or a NAT that is restarted: there is a moment at which all of
// them may have been cut. Where they stopped after as many packets or bytes,
// DropCluster tells.
func oneEvent(fs ...*fact.Failure) bool {
	from, by := fs[0].CutFrom, fs[0].CutBy
	for _, f := range fs {
		if f.Stage != "midflow" {
			return false
		}
		from, by = max(from, f.CutFrom), min(by, f.CutBy)
	}
	return from <= by
}
