//go:build linux

package live

import (
	"net/netip"
	"sync"
	"time"

	"chokepoint/bpf/owner"
	"chokepoint/capture"
)

const (
	// pause is how long the list of sockets is left alone after a look.
	pause = time.Second
	// share bounds what looking costs on a host of many sockets: a look of 100 ms is
	// followed by 5 s without one.
	share = 50
)

// How well a socket matches a flow. The better one counts.
const (
	byPort   = iota + 1 // an unconnected UDP socket with that port
	byTuple             // both ends
	byCookie            // the very socket
)

// answer is whose a flow is.
type answer struct {
	holder
	cookie uint64      // of the socket, 0 unknown
	key    capture.Key // outward
	asked  capture.Key // as it was asked about
	time   int64
	how    int // byPort, byTuple, byCookie; 0 not found
}

// census looks at the list of the host's sockets, on a goroutine of its own: it is
// long on some hosts.
type census struct {
	netns uint32
	now   func() time.Time

	reg register // for several goroutines

	mu      sync.Mutex
	found   []answer
	working bool
	next    time.Time
	idle    sync.WaitGroup
	failed  func(error)
}

// cgroup returns the path of a cgroup, "" unknown.
func (c *census) cgroup(id uint64) string { return c.reg.Cgroup(id) }

// ask has the list looked at for flows, unless it was a moment ago or is just now.
func (c *census) ask(flows []waiter) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.working || c.now().Before(c.next) {
		return false
	}
	c.working = true
	q := newQuery(flows, c.netns)
	c.idle.Go(func() { c.look(q) })
	return true
}

func (c *census) look(q *query) {
	began := c.now()
	err := c.reg.Sockets(q.socket)
	for i := range q.answers {
		if a := &q.answers[i]; a.how > 0 && a.process.PID != 0 {
			a.process.Cgroup = c.reg.Cgroup(q.cgroups[i])
		}
	}
	if err != nil {
		c.failed(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range q.answers {
		if a.how > 0 {
			c.found = append(c.found, a)
		}
	}
	c.working = false
	c.next = c.now().Add(max(pause, share*c.now().Sub(began)))
}

// collect returns what has been found since the last call.
func (c *census) collect() []answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := c.found
	c.found = nil
	return found
}

func (c *census) close() error {
	c.idle.Wait()
	return c.reg.Close()
}

// port is a local one.
type port struct {
	number uint16
	proto  uint8
}

// query is flows that sockets are looked for.
type query struct {
	netns   uint32
	answers []answer
	cgroups []uint64
	cookies []uint64
	cookie  map[uint64][]int // into answers
	tuple   map[capture.Key][]int
	port    map[port][]int
}

func newQuery(flows []waiter, netns uint32) *query {
	q := &query{netns: netns, cookie: map[uint64][]int{}, tuple: map[capture.Key][]int{}, port: map[port][]int{}}
	for _, w := range flows {
		q.add(w, w.key)
		if w.way == eitherWay {
			q.add(w, w.key.Reverse())
		}
	}
	return q
}

// add asks for a flow, seen from the end where the socket may be.
func (q *query) add(w waiter, outward capture.Key) {
	i := len(q.answers)
	q.answers = append(q.answers, answer{key: outward, asked: w.key, time: w.time})
	q.cgroups, q.cookies = append(q.cgroups, 0), append(q.cookies, w.cookie)
	q.tuple[outward] = append(q.tuple[outward], i)
	if w.cookie != 0 {
		q.cookie[w.cookie] = append(q.cookie[w.cookie], i)
	}
	if outward.Proto == capture.ProtoUDP {
		p := port{outward.SrcPort, outward.Proto}
		q.port[p] = append(q.port[p], i)
	}
}

// socket compares a socket with what is asked for.
func (q *query) socket(s owner.Socket) {
	if s.Cookie != 0 {
		for _, i := range q.cookie[s.Cookie] {
			if q.answers[i].key.SrcPort == s.LocalPort && q.answers[i].key.Proto == s.Proto {
				q.match(i, &s, byCookie)
			}
		}
	}
	if q.netns != 0 && s.Netns != q.netns {
		return
	}
	key := capture.Key{Src: s.Local, Dst: s.Remote, SrcPort: s.LocalPort, DstPort: s.RemotePort, Proto: s.Proto}
	for _, i := range q.tuple[key] {
		q.match(i, &s, byTuple)
	}
	if s.RemotePort != 0 {
		return
	}
	for _, i := range q.port[port{s.LocalPort, s.Proto}] {
		if unspecified(s.Local) || s.Local == q.answers[i].key.Src {
			q.match(i, &s, byPort)
		}
	}
}

// match takes a socket for the flow's if it is the best so far; of two that are
// equally good neither is.
func (q *query) match(i int, s *owner.Socket, how int) {
	a := &q.answers[i]
	other := how < byCookie && s.Cookie != 0 && q.cookies[i] != 0 && s.Cookie != q.cookies[i]
	switch {
	case other || how < a.how:
	case how == a.how && a.process.PID != s.PID:
		a.process, a.cookie = capture.Process{}, 0
	case how > a.how:
		a.how, a.cookie = how, s.Cookie
		a.process = capture.Process{PID: s.PID, Comm: s.Comm}
		a.proto, a.holder.port = s.Proto, s.LocalPort
		q.cgroups[i] = s.Cgroup
	}
}

// unspecified reports the addresses 0.0.0.0, which is mapped here, and ::.
func unspecified(a [16]byte) bool { return netip.AddrFrom16(a).Unmap().IsUnspecified() }
