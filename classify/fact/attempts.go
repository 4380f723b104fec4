package fact

import (
	"net/netip"
	"slices"
)

// Bounds of what is remembered of attempts.
const (
	// TryMemory is how long the outcome of an attempt counts, ns: the time in which
	// attempts with and without something are compared (resets-and-drops, section 7).
	TryMemory = 1_800_000_000_000
	// maxTries is how many kinds of attempts are told apart.
	maxTries = 4096
	// maxOutcomes is how many of each outcome a kind of attempt keeps, the newest.
	maxOutcomes = 32
	// evictScan is how many of the oldest kinds are looked at for one to forget that
	// nothing will be compared with.
	evictScan = 64
)

// Try is one kind of attempt: who asked whom, by what name, with what hello.
type Try struct {
	Client, Server netip.Addr
	Port           uint16
	Proto          uint8
	If             uint16
	Name           string // that the client said in the clear; foreign text
	JA4            string
}

// Won is an attempt that the server answered.
type Won struct {
	Flow        FlowID
	Num         uint64 // the packet that answered
	Start, Time int64  // of the flow, and of the answer, ns
}

// Lost is an attempt that a finding says failed.
type Lost struct {
	Flow       FlowID
	Num        uint64
	Start, End int64  // of the flow, and until when it was seen to fail, ns
	Finding    string // its id
	Kind       string
	Stage      string // as in [Failure]; "reset" where a reset has no explanation
	Verdict    string
}

// Tried is what came of one kind of attempt lately.
type Tried struct {
	Try
	Owner, Service string // as in [Control]
	Won            []Won  // oldest first
	Lost           []Lost
}

// Attempts is what came of the attempts that were seen. It is changed at ticks, in
// packet order.
type Attempts struct {
	cells map[Try]*Tried
	order []*Tried // as they came up
	near  map[neighbours][]*Tried
	lost  int
}

// neighbours are the attempts of a client at one network.
type neighbours struct {
	client netip.Addr
	net    netip.Prefix
}

// Network is the /24, over IPv6 the /48, that an address lies in: about what one
// site announces (the longest prefixes that the global table carries, RFC 7454 section
// 6.1.3).
func Network(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address at all
	}
	return p
}

func (t *Try) neighbours() neighbours { return neighbours{t.Client, Network(t.Server)} }

// Near lists what a client tried at an address's network, in the order it came up.
func (t *Attempts) Near(client, server netip.Addr) []*Tried {
	return t.near[neighbours{client, Network(server)}]
}

// Failed lists the kinds of attempts some of which failed, in the order they came up.
func (t *Attempts) Failed() []*Tried {
	if t.lost == 0 {
		return nil
	}
	var out []*Tried
	for _, c := range t.order {
		if len(c.Lost) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// SawWon takes in that an attempt was answered, unless it is known to have failed:
// the real answer may follow a forged one.
func (t *Attempts) SawWon(k Try, owner, service string, won Won) {
	for _, c := range t.near[k.neighbours()] {
		if slices.ContainsFunc(c.Lost, func(l Lost) bool { return l.Flow == won.Flow }) {
			return
		}
	}
	c := t.cell(k, owner, service)
	c.Won = append(c.Won, won)
	if n := len(c.Won) - maxOutcomes; n > 0 {
		c.Won = slices.Delete(c.Won, 0, n)
	}
}

// SawLost takes in that an attempt failed, whatever had been answered before.
func (t *Attempts) SawLost(k Try, owner, service string, lost Lost) {
	for _, c := range t.near[k.neighbours()] {
		c.Won = slices.DeleteFunc(c.Won, func(w Won) bool { return w.Flow == lost.Flow })
	}
	c := t.cell(k, owner, service)
	c.Lost = append(c.Lost, lost)
	t.lost++
	if n := len(c.Lost) - maxOutcomes; n > 0 {
		c.Lost = slices.Delete(c.Lost, 0, n)
		t.lost -= n
	}
}

// Forget takes a failure back, under whatever name it was known.
func (t *Attempts) Forget(k Try, finding string) {
	for _, c := range t.near[k.neighbours()] {
		n := len(c.Lost)
		c.Lost = slices.DeleteFunc(c.Lost, func(l Lost) bool { return l.Finding == finding })
		t.lost -= n - len(c.Lost)
	}
}

func (t *Attempts) cell(k Try, owner, service string) *Tried {
	if c := t.cells[k]; c != nil {
		c.Owner, c.Service = owner, service // may be known better by now
		return c
	}
	if t.cells == nil {
		t.cells, t.near = map[Try]*Tried{}, map[neighbours][]*Tried{}
	}
	if len(t.order) >= maxTries {
		t.evict()
	}
	c := &Tried{Try: k, Owner: owner, Service: service}
	t.cells[k] = c
	t.order = append(t.order, c)
	t.near[k.neighbours()] = append(t.near[k.neighbours()], c)
	return c
}

// evict forgets the oldest kind of attempt near which nothing failed, if there is
// one among the oldest: successes are of use beside failures.
func (t *Attempts) evict() {
	i := slices.IndexFunc(t.order[:evictScan], func(c *Tried) bool {
		return !slices.ContainsFunc(t.near[c.neighbours()], func(n *Tried) bool { return len(n.Lost) > 0 })
	})
	i = max(i, 0)
	c := t.order[i]
	t.order = slices.Delete(t.order, i, i+1)
	delete(t.cells, c.Try)
	t.lost -= len(c.Lost)
	k := c.neighbours()
	if t.near[k] = slices.DeleteFunc(t.near[k], func(n *Tried) bool { return n == c }); len(t.near[k]) == 0 {
		delete(t.near, k)
	}
}
