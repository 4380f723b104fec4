package fact

import (
	"net/netip"
	"time"
)

// Bounds of what is remembered of a resolver.
const (
	// MaxSamples is how many answers of a resolver are remembered, the latest: five
	// make a habit (resets-and-drops, N2), and one name is asked for again and again.
	MaxSamples = 48
	// MaxOutlets is how many words on where a resolver asks from are remembered.
	MaxOutlets = 8
	// HabitMemory is how far from a moment an answer shows a resolver's habits of
	// that moment, ns: routes and anycast sites change (resets-and-drops, N2).
	HabitMemory = int64(5 * time.Minute)
)

// Resolver is what is known of one DNS server.
type Resolver struct {
	Addr    netip.Addr
	Name    string // of a known public resolver, "" otherwise
	Private bool   // in private, link-local or loopback space
	Answers int
	Last    int64       // time of the last answer, ns
	Samples []DNSSample // in the order they came, but a ring: the oldest is at Oldest
	Oldest  int
	Outlets []Outlet // latest last
}

// DNSSample is how one answer of a resolver was made.
type DNSSample struct {
	Num   uint64
	Time  int64  // ns
	RTT   int64  // ns; 0 not seen
	Owner string // whose name was asked for, "" nobody known
	TTL   uint8  // of IP
	TCP   bool
	Gave  bool // addresses
	Odd   bool // what it says cannot be so: it may be another's
	// What was asked for, and what came.
	AskedEDNS, EDNS     bool
	AskedCookie, Cookie bool
	AskedMixed, Mixed   bool // letters of the name in both cases, and come back as they were
	RA, AA              bool
}

// Outlet is what a server that tells who asks it said of a resolver: the address
// that the resolver asks from, or what it calls itself.
type Outlet struct {
	Addr netip.Addr // invalid: see Text
	Text string     // foreign text
	Name string     // that was asked for
	TCP  bool
	Num  uint64
	Time int64 // ns
}

// Add remembers an answer, in the place of the oldest if there are too many.
func (r *Resolver) Add(s DNSSample) {
	r.Answers++
	r.Last = max(r.Last, s.Time)
	if len(r.Samples) < MaxSamples {
		r.Samples = append(r.Samples, s)
		return
	}
	r.Samples[r.Oldest] = s
	r.Oldest = (r.Oldest + 1) % MaxSamples
}

// Hear remembers where a resolver asks from.
func (r *Resolver) Hear(o Outlet) {
	if len(r.Outlets) == MaxOutlets {
		r.Outlets = append(r.Outlets[:0], r.Outlets[1:]...)
	}
	r.Outlets = append(r.Outlets, o)
}

// Share is how often something happened of the times that it could.
type Share struct{ Yes, Of int }

func (s *Share) count(yes bool) {
	s.Of++
	if yes {
		s.Yes++
	}
}

// Habit is how a resolver answers over UDP.
type Habit struct {
	N      int   // answers
	TTL    uint8 // the most frequent IP TTL
	TTLN   int   // answers with it
	MinRTT int64 // the shortest response time of those, ns; 0 none seen
	// How often it echoes EDNS and cookies, and the case of the name, offers
	// recursion and calls itself authoritative.
	EDNS, Cookie, Case, RA, AA Share
}

// Habit tells how the resolver answered around a time, ns. Answers that cannot be
// right, and those about the names of one owner, do not count: whoever forges
// answers forges them for some names. Nor do response times of answers that came
// from another distance than most.
func (r *Resolver) Habit(at int64, notOwner string) (h Habit) {
	ttls, rtts := [256]int{}, [256]int64{}
	for i := range r.Samples {
		s := &r.Samples[i]
		if s.TCP || s.Odd || s.Time < at-HabitMemory || s.Time > at+HabitMemory || notOwner != "" && s.Owner == notOwner {
			continue
		}
		h.count(s)
		ttls[s.TTL]++
		if s.RTT > 0 && (rtts[s.TTL] == 0 || s.RTT < rtts[s.TTL]) {
			rtts[s.TTL] = s.RTT
		}
	}
	for ttl, n := range ttls {
		if n > h.TTLN {
			h.TTL, h.TTLN, h.MinRTT = uint8(ttl), n, rtts[ttl]
		}
	}
	return h
}

func (h *Habit) count(s *DNSSample) {
	h.N++
	h.RA.count(s.RA)
	h.AA.count(s.AA)
	if s.AskedEDNS {
		h.EDNS.count(s.EDNS)
	}
	if s.AskedCookie {
		h.Cookie.count(s.Cookie)
	}
	if s.AskedMixed {
		h.Case.count(s.Mixed)
	}
}

// MaxOpen is how many unanswered queries for one name are remembered; those that
// come when there are as many are not.
const MaxOpen = 64

// NameQuery is a query for a name that nothing has answered.
type NameQuery struct {
	Num      uint64
	Time     int64 // ns
	Flow     FlowID
	ID       uint16
	QType    uint16
	TCP      bool
	Client   netip.Addr
	Resolver netip.Addr
}

// Series lists the queries for the name that are copies of q, by whatever socket:
// of one client, to one resolver, for one type, over one transport, from within ns
// before to within ns after it.
func (n *NameFact) Series(q *NameQuery, within int64) []NameQuery {
	var out []NameQuery
	for i := range n.Open {
		o := &n.Open[i]
		if o.Client == q.Client && o.Resolver == q.Resolver && o.QType == q.QType && o.TCP == q.TCP &&
			o.Time >= q.Time-within && o.Time <= q.Time+within {
			out = append(out, *o)
		}
	}
	return out
}

// Spare is the answer that can be forgotten first for another: the oldest of those
// that say the same of the name, from the same mouth, as a newer one; else the
// oldest.
func (n *NameFact) Spare(next *NameAnswer) int {
	for i := range n.Answers {
		if n.Answers[i].like(next) {
			return i
		}
		for k := i + 1; k < len(n.Answers); k++ {
			if n.Answers[i].like(&n.Answers[k]) {
				return i
			}
		}
	}
	return 0
}

// like reports whether two answers are worth the same as witnesses.
func (a *NameAnswer) like(b *NameAnswer) bool {
	return a.Resolver == b.Resolver && a.TCP == b.TCP && a.QType == b.QType && a.Rcode == b.Rcode && a.Odd == b.Odd &&
		(len(a.Addrs) > 0) == (len(b.Addrs) > 0)
}
