package box

// What is what happened to a packet.
type What string

// What a box does, and what links do on their own.
const (
	Injected  What = "injected"  // made by the box; Frame as it left
	Rewritten What = "rewritten" // changed by the box; Frame as it left
	Dropped   What = "dropped"   // by a rule; Frame as it came
	Delayed   What = "delayed"   // queued by a shaping rule; Frame as it came
	Lost      What = "lost"      // by a link: chance or a full queue, no interference
	Doubled   What = "doubled"   // by a link
)

// Event is one line of the log.
type Event struct {
	At    int64  // ns since the epoch, when it was done at the rules or on the link
	Rule  string // of the rule, "" for links
	What  What
	Dir   Dir
	Frame []byte // a copy
}

// Note logs what was done to a packet. r is nil for links.
func (b *Box) Note(r *Rule, what What, p *Packet) {
	if b.Log == nil {
		return
	}
	e := &Event{At: b.now, What: what, Dir: p.Dir, Frame: append([]byte(nil), p.Frame...)}
	if r != nil {
		e.Rule = r.Name
	}
	b.Log(e)
}
