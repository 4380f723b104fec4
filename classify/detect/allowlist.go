package detect

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Bounds of the allow-list (resets-and-drops, D10).
const (
	listWithin  = int64(60 * time.Second) // all of it happens within, ns
	listDead    = 8                       // destinations that fail
	listParties = 4                       // of that many owners or networks
	listAlive   = 3                       // destinations that work
	listBehind  = 2                       // of that many owners or networks: a VPN's are one
	listHello   = 4                       // of the dead, those whose handshake was completed
	listStep    = int64(5 * time.Second)  // between two looks where nothing was found, ns
	listPackets = 16                      // packets that the finding names
	listFlows   = 64                      // and flows
)

// AllowList finds clients for whom only some destinations work and all others, of many
// owners, let a connection open and swallow the hello, or do not even answer the SYN
// (resets-and-drops, D10). Where most do not answer the SYN a firewall that lets
// nothing else out looks the same, so that is suspected at most.
type AllowList struct{}

// Name returns "host.allowlist".
func (AllowList) Name() string { return string(finding.HostAllowlist) }

// Judge returns a finding for each client.
func (AllowList) Judge(w *fact.World) WorldJudgement {
	var out WorldJudgement
	if len(w.Failures) < listDead {
		return out
	}
	var clients []netip.Addr // in the order of their failures
	mine := map[netip.Addr][]*fact.Failure{}
	for i := range w.Failures {
		f := &w.Failures[i]
		if !dead(f) {
			continue
		}
		list := mine[f.Client]
		if list == nil {
			clients = append(clients, f.Client)
		} else if list[0].If != f.If {
			continue
		}
		mine[f.Client] = append(list, f)
	}
	for _, c := range clients {
		if fd, ok := allowListFor(w, mine[c]); ok {
			out.Findings = append(out.Findings, fd)
		}
	}
	return out
}

// dead reports a failure as D1 or D2 beyond this side of the uplink.
func dead(f *fact.Failure) bool {
	return (f.Kind == string(finding.DropConnect) || f.Kind == string(finding.DropHello)) && !localAddr(f.Server)
}

// roll is what one client could and could not reach within a minute.
type roll struct {
	dead, alive     []netip.Addr
	owners, behind  []string
	failures        []*fact.Failure
	controls        []fact.Control
	hello           int // of the dead, whose handshake was completed
	first, from, to int64
}

// party is an owner, or the /16 (over IPv6 the /32) of an address whose owner is not
// known: about what one network announces.
func party(owner string, a netip.Addr) string {
	if owner != "" {
		return owner
	}
	bits := 16
	if a.Is6() {
		bits = 32
	}
	p, _ := a.Prefix(bits) // never fails: the address is valid and has more bits
	return p.String()
}

func addOnce[T comparable](list *[]T, v T) bool {
	if slices.Contains(*list, v) {
		return false
	}
	*list = append(*list, v)
	return true
}

// allowListFor looks at the minute before the client's latest failure that has enough.
func allowListFor(w *fact.World, mine []*fact.Failure) (finding.Finding, bool) {
	if len(mine) < listDead {
		return finding.Finding{}, false
	}
	client, ifc := mine[0].Client, mine[0].If
	slices.SortStableFunc(mine, func(a, b *fact.Failure) int { return cmp.Compare(a.Start, b.Start) })
	next := int64(0)
	for i, f := range mine[:len(mine)-listDead+1] {
		if f.Start < next || mine[i+listDead-1].Start-f.Start > listWithin {
			continue
		}
		r := roll{first: f.Start, from: f.Start, to: f.Time}
		for _, o := range mine[i:] {
			if o.Start-r.first > listWithin {
				break
			}
			r.fail(o)
		}
		if len(r.dead) < listDead || len(r.owners) < listParties {
			continue
		}
		next = f.Start + listStep // what follows sees much the same
		r.live(w, client, ifc)
		if len(r.alive) >= listAlive && len(r.behind) >= listBehind && !portal(w, r.first) {
			return r.finding(w, client), true
		}
	}
	return finding.Finding{}, false
}

func (r *roll) fail(f *fact.Failure) {
	r.to = max(r.to, f.Start)
	if len(r.failures) < listFlows {
		r.failures = append(r.failures, f)
	}
	if !addOnce(&r.dead, f.Server) {
		return
	}
	addOnce(&r.owners, party(f.Owner, f.Server))
	r.hello += count(f.Kind == string(finding.DropHello))
}

// live adds the destinations that worked in between. A connection counts that began
// after the first one had failed: what was open before tells of before.
func (r *roll) live(w *fact.World, client netip.Addr, ifc uint16) {
	q := fact.ControlQuery{Client: client, If: ifc, From: r.from, To: r.to + listWithin, Proto: capture.ProtoTCP}
	for _, c := range w.ControlsFor(q, fact.MaxControls) {
		if c.First < r.from || c.First > r.to || localAddr(c.Server) || slices.Contains(r.dead, c.Server) {
			continue
		}
		addOnce(&r.behind, party(c.Owner, c.Server))
		if addOnce(&r.alive, c.Server) {
			r.controls = append(r.controls, c)
		}
	}
}

// portal reports that names of several owners were all said to be at one address, as
// a captive portal says.
func portal(w *fact.World, since int64) bool {
	names := map[netip.Addr]map[string]bool{}
	for name, n := range w.Names {
		owner := name
		if w.Rules != nil {
			if o, _ := w.Rules.OwnerOfName(name); o != "" {
				owner = o
			}
		}
		for i := range n.Answers {
			if a := &n.Answers[i]; a.Time >= since-listWithin && len(a.Addrs) == 1 {
				if names[a.Addrs[0]] == nil {
					names[a.Addrs[0]] = map[string]bool{}
				}
				names[a.Addrs[0]][owner] = true
			}
		}
	}
	for _, owners := range names {
		if len(owners) >= listAlive {
			return true
		}
	}
	return false
}

func (r *roll) finding(w *fact.World, client netip.Addr) finding.Finding {
	f := finding.Finding{
		Kind: finding.HostAllowlist, Key: client.String(), Proto: "tcp", Client: &finding.Endpoint{IP: client},
		Flows: []string{}, Controls: []string{}, From: Time(r.first), To: Time(r.to),
		Direction: finding.ToServer, Segment: finding.UnknownSegment, Vantage: w.Vantage,
		For: []finding.Evidence{}, Against: []finding.Evidence{}, RuledOut: []string{"dead_link", "outage_of_one_owner"},
		NotRuledOut: []string{"own_policy"}, Blind: append([]string{}, w.Blind.Names()...),
	}
	for i := range r.failures {
		f.Flows = append(f.Flows, r.failures[i].Flow.String())
		f.Packets = append(f.Packets, r.failures[i].Num)
	}
	for _, c := range r.controls[:min(len(r.controls), 2*maxControls)] {
		f.Controls = append(f.Controls, c.Flow.String())
	}
	slices.Sort(f.Packets)
	f.Packets = slices.Compact(f.Packets)
	f.Packets = f.Packets[:min(len(f.Packets), listPackets)]
	f.Filter = Filter(f.Packets...)
	span := spellNs(r.to - r.first)
	f.For = append(f.For,
		finding.Evidence{Code: "D10", Family: finding.Demand, Class: finding.S, Packets: f.Packets,
			Text: fmt.Sprintf("within %s connections to %d destinations of %d owners or networks got no answer: %d opened and the hello was swallowed, %d SYNs were not answered",
				span, len(r.dead), len(r.owners), r.hello, len(r.dead)-r.hello),
			Got: fmt.Sprintf("%d", len(r.dead)), Want: fmt.Sprintf(">= %d", listDead)},
		finding.Evidence{Code: "D10", Family: finding.Control, Class: finding.S,
			Text: fmt.Sprintf("connections begun meanwhile to %d other destinations of %d owners or networks worked", len(r.alive), len(r.behind)),
			Got:  fmt.Sprintf("%d", len(r.alive)), Want: fmt.Sprintf(">= %d", listAlive)})
	f.Summary = fmt.Sprintf("only listed destinations work: %d of %d owners or networks dead within %s, %d others work",
		len(r.dead), len(r.owners), span, len(r.alive))
	r.resolver(w, &f)
	v := Cap(Fuse(f.For), finding.Likely)
	if r.hello >= listHello && 2*r.hello >= len(r.dead) {
		f.Segment = finding.ServerSide
		f.RuledOut = append(f.RuledOut, "vpn_kill_switch", "captive_portal") // they let no SYN out, or answer themselves
	} else {
		f.NotRuledOut = append(f.NotRuledOut, "vpn_kill_switch", "first_hop_firewall")
		v = Cap(v, finding.Suspected)
	}
	if slices.ContainsFunc(r.failures, func(x *fact.Failure) bool { return x.Hearsay }) {
		noteBlind(&f, "one_way")
		v = Less(v)
	}
	Conclude(&f, v)
	return f
}

// resolver says whether names were resolved meanwhile.
func (r *roll) resolver(w *fact.World, f *finding.Finding) {
	for _, res := range w.Resolvers {
		if res.Last >= r.from {
			f.RuledOut = append(f.RuledOut, "dead_resolver")
			return
		}
	}
	f.NotRuledOut = append(f.NotRuledOut, "dead_resolver")
}
