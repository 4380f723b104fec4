package detect

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
)

// DNS types and response codes (IANA dns-parameters).
const (
	dnsTypeA = 1

	rcodeServFail = 2
	rcodeNXDomain = 3
	rcodeRefused  = 5
)

const (
	// dnsMemory is how long the word of another resolver or transport holds
	// against an answer, ns (resets-and-drops, N3: the last hour).
	dnsMemory = int64(time.Hour)
	// dnsNear is how far around a query others count as simultaneous, ns.
	dnsNear = int64(15 * time.Second)
)

// dnsCase is one query with what came back, as the DNS detectors see it.
type dnsCase struct {
	f *fact.Flow
	w *fact.World
	d *fact.DNS
}

// dnsCases lists the exchanges of a flow that may be judged. Multicast DNS,
// LLMNR (RFC 4795) and NetBIOS names have no resolver and many answers.
func dnsCases(f *fact.Flow, w *fact.World) []dnsCase {
	if w.Rules == nil {
		return nil
	}
	for _, port := range []uint16{f.Key.SrcPort, f.Key.DstPort} {
		if port == 5353 || port == 5355 || port == 137 {
			return nil
		}
	}
	var out []dnsCase
	for i := range f.DNS {
		d := &f.DNS[i]
		if !d.Resolver.IsMulticast() && !strings.HasSuffix(strings.TrimSuffix(d.QName, "."), ".local") {
			out = append(out, dnsCase{f, w, d})
		}
	}
	return out
}

// name is the name asked for, without the root's dot.
func (x dnsCase) name() string { return strings.TrimSuffix(x.d.QName, ".") }

// owned reports a name that belongs to a known party: others may answer or
// exist as their owners please.
func (x dnsCase) owned() bool {
	owner, _ := x.w.Rules.OwnerOfName(x.name())
	return owner != "" || x.exists()
}

func (x dnsCase) exists() bool { return x.w.Rules.MustExist(x.name()) }

// ownResolver reports a resolver on this side of the uplink: what it answers
// is the choice of whoever runs it.
func (x dnsCase) ownResolver() bool {
	if r := x.w.Resolvers[x.d.Resolver]; r != nil && r.Private {
		return true
	}
	return localAddr(x.d.Resolver)
}

// resolver is what is known of the resolver; never nil.
func (x dnsCase) resolver() *fact.Resolver {
	if r := x.w.Resolvers[x.d.Resolver]; r != nil {
		return r
	}
	return &fact.Resolver{Addr: x.d.Resolver}
}

// habit is how the resolver answers for names of others around that time.
func (x dnsCase) habit() fact.Habit {
	owner, _ := x.w.Rules.OwnerOfName(x.name())
	return x.resolver().Habit(x.at(), owner)
}

// at is when the question was put, ns; of its first answer if it was not seen.
func (x dnsCase) at() int64 {
	if x.d.Query.Num != 0 || len(x.d.Answers) == 0 {
		return x.d.Query.Time
	}
	return x.d.Answers[0].Time
}

// start begins a finding about this exchange.
func (x dnsCase) start(kind finding.Kind) finding.Finding {
	fd := Start(x.f, x.w, kind)
	fd.Key = fmt.Sprintf("%s/%d/%d/%d", x.name(), x.d.QType, x.d.ID, x.at())
	fd.Name, fd.Direction = x.name(), finding.ToClient
	fd.From, fd.To = Time(x.at()), Time(x.at())
	if x.d.Query.Num != 0 {
		fd.Packets = append(fd.Packets, x.d.Query.Num)
	}
	for i := range x.d.Answers {
		a := &x.d.Answers[i]
		fd.Packets = append(fd.Packets, a.Num)
		fd.To = Time(max(fd.To.UnixNano(), a.Time))
	}
	slices.Sort(fd.Packets)
	fd.Packets = slices.Compact(fd.Packets)
	fd.Filter = Filter(fd.Packets...)
	// A socket may ask for names of several services.
	l := x.w.Rules.Classify(&service.Evidence{QName: x.name(), Server: x.d.Resolver, Port: x.f.Key.DstPort, Proto: x.f.Key.Proto})
	if l.Service != "" {
		fd.Service, fd.Function = l.Service, l.Function
	}
	return fd
}

// benign adds a finding whose innocent cause is known.
func (j *Judgement) benign(fd finding.Finding, cause, text string) {
	fd.BenignCause = cause
	fd.Against = append(fd.Against, finding.Evidence{Code: cause, Family: finding.Content, Class: finding.X, Text: text, Packets: fd.Packets})
	Conclude(&fd, finding.Benign)
	j.Findings = append(j.Findings, fd)
}

// conclude adds a finding with the verdict of its evidence, at most ceiling. lacks are
// what is missing where that is inconclusive.
func (j *Judgement) conclude(fd finding.Finding, ceiling finding.Verdict, lacks ...finding.Reason) {
	v := Cap(Fuse(fd.For), ceiling)
	Conclude(&fd, v)
	if v == finding.Inconclusive {
		lacking(&fd, lacks...)
	}
	j.Findings = append(j.Findings, fd)
}

// denial says how an answer denies the name, "" if it does not. An empty
// answer denies only for type A: not every name has every other type, and one
// that leads elsewhere (CNAME) is none.
func denial(a *fact.DNSAnswer, qtype uint16) string {
	switch {
	case a.Rcode == rcodeNXDomain:
		return "NXDOMAIN"
	case a.Rcode == rcodeRefused:
		return "REFUSED"
	case a.Rcode == rcodeServFail:
		return "SERVFAIL"
	case a.Rcode == 0 && qtype == dnsTypeA && !a.TC && !a.Clipped && len(a.Addrs) == 0 && len(a.Targets) == 0:
		return "an empty answer"
	}
	return ""
}

// shown writes what an answer says.
func shown(a *fact.DNSAnswer, qtype uint16) string {
	if s := denial(a, qtype); s != "" {
		return s
	}
	if len(a.Addrs) == 0 {
		return fmt.Sprintf("response code %d", a.Rcode)
	}
	return addrsText(a.Addrs)
}

func addrsText(addrs []netip.Addr) string {
	var b strings.Builder
	for i, a := range addrs[:min(len(addrs), 3)] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(a.String())
	}
	return b.String()
}

// after writes how long an answer took.
func after(a *fact.DNSAnswer) string {
	if !a.RTT.Ok {
		return ""
	}
	return " after " + spellNs(int64(a.RTT.V))
}
