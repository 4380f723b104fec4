package fact

import (
	"container/list"
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

	around *vicinity
}

// Attempts is what came of the attempts that were seen. It is changed at ticks, in
// packet order.
type Attempts struct {
	Scarce Scarcity // how many less are remembered

	cells map[Try]*Tried
	order list.List // of *Tried, as they came up
	near  map[neighbours]*vicinity
	lost  int
	rev   uint64
}

// vicinity is what a client tried at one network, in the order it came up.
type vicinity struct {
	tried []*Tried
	lost  int // outcomes
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
	if v := t.near[neighbours{client, Network(server)}]; v != nil {
		return v.tried
	}
	return nil
}

// Revision counts what came of attempts at networks at which some failed: what compares
// attempts concludes the same while it stays. 0: none ever failed.
func (t *Attempts) Revision() uint64 { return t.rev }

// Failed lists the kinds of attempts some of which failed, in the order they came up.
func (t *Attempts) Failed() []*Tried {
	if t.lost == 0 {
		return nil
	}
	var out []*Tried
	for at := t.order.Front(); at != nil; at = at.Next() {
		if c := at.Value.(*Tried); len(c.Lost) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// SawWon takes in that an attempt was answered, unless it is known to have failed:
// the real answer may follow a forged one.
func (t *Attempts) SawWon(k Try, owner, service string, won Won) {
	v := t.vicinity(k.neighbours())
	if v.lost > 0 {
		if v.failed(won.Flow) {
			return
		}
		t.rev++
	}
	c := t.cell(v, k, owner, service)
	c.Won = append(c.Won, won)
	if n := len(c.Won) - maxOutcomes; n > 0 {
		c.Won = slices.Delete(c.Won, 0, n)
	}
}

func (v *vicinity) failed(f FlowID) bool {
	return slices.ContainsFunc(v.tried, func(c *Tried) bool {
		return slices.ContainsFunc(c.Lost, func(l Lost) bool { return l.Flow == f })
	})
}

// SawLost takes in that an attempt failed, whatever had been answered before.
func (t *Attempts) SawLost(k Try, owner, service string, lost Lost) {
	v := t.vicinity(k.neighbours())
	for _, c := range v.tried {
		c.Won = slices.DeleteFunc(c.Won, func(w Won) bool { return w.Flow == lost.Flow })
	}
	c := t.cell(v, k, owner, service)
	c.Lost = append(c.Lost, lost)
	t.count(v, 1)
	if n := len(c.Lost) - maxOutcomes; n > 0 {
		c.Lost = slices.Delete(c.Lost, 0, n)
		t.count(v, -n)
	}
}

// Forget takes a failure back, under whatever name it was known.
func (t *Attempts) Forget(k Try, finding string) {
	v := t.near[k.neighbours()]
	if v == nil || v.lost == 0 {
		return
	}
	for _, c := range v.tried {
		n := len(c.Lost)
		c.Lost = slices.DeleteFunc(c.Lost, func(l Lost) bool { return l.Finding == finding })
		if n -= len(c.Lost); n > 0 {
			t.count(v, -n)
		}
	}
}

// count books failures at a network, or takes them back.
func (t *Attempts) count(v *vicinity, n int) {
	v.lost += n
	t.lost += n
	t.rev++
}

func (t *Attempts) vicinity(k neighbours) *vicinity {
	v := t.near[k]
	if v == nil {
		if t.near == nil {
			t.cells, t.near = map[Try]*Tried{}, map[neighbours]*vicinity{}
		}
		v = &vicinity{}
		t.near[k] = v
	}
	return v
}

// cell returns the kind of attempt, making it.
func (t *Attempts) cell(v *vicinity, k Try, owner, service string) *Tried {
	if c := t.cells[k]; c != nil {
		c.Owner, c.Service = owner, service // may be known better by now
		return c
	}
	if t.order.Len() >= t.Scarce.of(maxTries) {
		t.evict(v)
	}
	c := &Tried{Try: k, Owner: owner, Service: service, around: v}
	t.cells[k] = c
	t.order.PushBack(c)
	v.tried = append(v.tried, c)
	return c
}

// evict forgets the oldest kind of attempt near which nothing failed, if there is
// one among the oldest: successes are of use beside failures. The network at which one
// is about to be added stays.
func (t *Attempts) evict(stays *vicinity) {
	at := t.order.Front()
	for i, x := 0, at; i < evictScan && x != nil; i, x = i+1, x.Next() {
		if x.Value.(*Tried).around.lost == 0 {
			at = x
			break
		}
	}
	c := at.Value.(*Tried)
	t.order.Remove(at)
	delete(t.cells, c.Try)
	v := c.around
	if v.lost > 0 {
		t.count(v, -len(c.Lost))
	}
	if v.tried = slices.DeleteFunc(v.tried, func(n *Tried) bool { return n == c }); len(v.tried) == 0 && v != stays {
		delete(t.near, c.neighbours())
	}
}
