//go:build linux

package live

import (
	"slices"

	"chokepoint/capture"
	"chokepoint/capture/decode"
)

// way is where a packet goes.
type way uint8

// Ways.
const (
	eitherWay way = iota // the backend does not say
	inward
	outward
)

const (
	// halfCookies is half of the sockets that are remembered.
	halfCookies = 32768
	// numSights is how many flows are remembered as asked about.
	numSights = 65536
	// epoch is after how long a flow is asked about again: another process may have
	// taken over its ports, ns.
	epoch = int64(60e9)
	// maxWaiting bounds the flows whose process is being looked for.
	maxWaiting = 1024
	// maxTries is how often the list of sockets is looked at for a flow: a server
	// has no socket for a connection before it accepts it.
	maxTries = 3
)

// holder is the process behind a socket.
type holder struct {
	process capture.Process // PID 0: several, or nobody
	proto   uint8
	port    uint16 // the socket's own, 0 unknown
	told    bool
}

// fits guards against packets that carry the cookie of a socket but are not its
// own: a tunnel's outer packet may still belong to the inner one's sender.
func (h *holder) fits(outward *capture.Key) bool {
	return h.proto == outward.Proto && (h.port == 0 || h.port == outward.SrcPort)
}

// waiter is a flow whose process is being looked for.
type waiter struct {
	key    capture.Key // outward, if the way is known
	way    way
	cookie uint64
	time   int64
	tries  int
}

// owners says which process is at this host's end of a flow. Connections that
// begin are known by testimony; for others the list of sockets is looked at.
type owners struct {
	tell    func(capture.Note)
	sockets *recent[uint64, holder] // by cookie
	census  *census                 // nil: no list of sockets

	seen    []uint64 // what flows were asked about, by Packet.Shard
	sights  []sight  // of strangers
	strange []int
	waiting []waiter
	dec     decode.Decoder
	scratch capture.Packet
}

func newOwners(tell func(capture.Note), c *census) *owners {
	return &owners{
		tell: tell, census: c, sockets: newRecent[uint64, holder](halfCookies), seen: make([]uint64, numSights),
	}
}

// began hears that a process opens a connection. It has no port yet.
func (o *owners) began(cookie uint64, p capture.Process, cgroup uint64) {
	if cookie == 0 || p.PID == 0 {
		return
	}
	if o.census != nil {
		p.Cgroup = o.census.cgroup(cgroup)
	}
	o.sockets.put(cookie, holder{process: p, proto: capture.ProtoTCP})
}

// connected hears the ports of such a connection.
func (o *owners) connected(cookie uint64, key capture.Key, time int64) {
	h, ok := o.sockets.get(cookie)
	if !ok {
		return
	}
	h.port = key.SrcPort
	if !h.told {
		o.note(&h, key, cookie, time)
	}
	o.sockets.put(cookie, h)
}

// note tells whose a flow is, unless that is not one process.
func (o *owners) note(h *holder, key capture.Key, cookie uint64, time int64) {
	h.told = true
	if h.process.PID != 0 {
		o.tell(capture.Note{Kind: capture.NoteOwner, Time: time, Key: key, Cookie: cookie, Count: 1, Out: true, Process: h.process})
	}
}

// sight is where a flow is remembered, and by what.
type sight struct {
	mark  uint64
	place uint32
	ok    bool // it could be told at a glance
}

func sighted(shard uint64, time int64) sight {
	return sight{shard ^ uint64(time/epoch)*0x9e3779b97f4a7c15, uint32(shard % numSights), true}
}

// strangers returns which of the packets are to be shown to see: the first of a flow,
// and what cannot be told at a glance. All others pass in a few nanoseconds: that a
// place is not in the cache is waited for with the next ones' places, not for each.
func (o *owners) strangers(ps []capture.Packet) []int {
	o.sights, o.strange = o.sights[:0], o.strange[:0]
	for i := range ps {
		var s sight
		if shard, ok := decode.Peek(&ps[i]); ok {
			s = sighted(shard, ps[i].Time)
		}
		o.sights = append(o.sights, s)
	}
	for i := range o.sights {
		if s := &o.sights[i]; !s.ok || o.seen[s.place] != s.mark {
			o.strange = append(o.strange, i)
		}
	}
	return o.strange
}

// see looks at a packet that is delivered. It leaves it as it is.
func (o *owners) see(p *capture.Packet, cookie uint64, w way) {
	o.scratch.Frame, o.scratch.Link, o.scratch.WireLen = p.Frame, p.Link, p.WireLen
	o.dec.Decode(&o.scratch)
	s := sighted(o.scratch.Shard, p.Time)
	if o.scratch.Has&capture.HasPorts == 0 || o.seen[s.place] == s.mark {
		return
	}
	o.seen[s.place] = s.mark
	o.ask(waiter{key: o.scratch.Key, way: w, cookie: cookie, time: p.Time})
}

// ask begins to look for the process of a flow.
func (o *owners) ask(w waiter) {
	if w.way == inward {
		w.key, w.cookie = w.key.Reverse(), 0
	}
	if !o.known(&w) && len(o.waiting) < maxWaiting {
		o.waiting = append(o.waiting, w)
	}
}

// known tells whose a flow is, if its socket is known.
func (o *owners) known(w *waiter) bool {
	if w.cookie == 0 {
		return false
	}
	h, ok := o.sockets.get(w.cookie)
	if !ok || !h.fits(&w.key) {
		return false
	}
	o.note(&h, w.key, w.cookie, w.time)
	o.sockets.put(w.cookie, h)
	return true
}

// settle tells of flows whose process has been found, and has the list of sockets
// looked at for the others.
func (o *owners) settle() {
	if o.census != nil {
		for _, a := range o.census.collect() {
			o.answer(a)
		}
	}
	o.waiting = slices.DeleteFunc(o.waiting, func(w waiter) bool {
		return o.known(&w) || o.census == nil || w.tries >= maxTries
	})
	if o.census != nil && len(o.waiting) > 0 && o.census.ask(o.waiting) {
		for i := range o.waiting {
			o.waiting[i].tries++
		}
	}
}

// answer takes over what the list of sockets says of a flow.
func (o *owners) answer(a answer) {
	if a.cookie != 0 {
		o.sockets.put(a.cookie, a.holder)
	}
	o.note(&a.holder, a.key, a.cookie, a.time)
	o.waiting = slices.DeleteFunc(o.waiting, func(w waiter) bool {
		return w.key == a.asked && w.time == a.time
	})
}

func (o *owners) close() error {
	if o.census == nil {
		return nil
	}
	return o.census.close()
}
