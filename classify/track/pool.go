package track

import (
	"unsafe"

	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
)

// Shares of the memory budget.
const (
	tableShare  = 4  // all but a quarter: flow records
	restShare   = 8  // all but an eighth: those with names, trouble, DNS
	worksShare  = 16 // conversations alive
	bulksShare  = 16 // transmission logs
	speechShare = 64 // of the records: datagrams not yet understood
)

const (
	workSize  = unsafe.Sizeof(work{})
	marksSize = unsafe.Sizeof(marks{})
	finSize   = unsafe.Sizeof(parting{})
	// workMost is what a work takes with all that it may need.
	workMost  = workSize + 2*marksSize + 2*finSize
	extraSize = unsafe.Sizeof(extra{})
)

// extraOf returns what hangs off a flow, nil if nothing does.
func (t *Tracker) extraOf(f *Flow) *extra {
	if f.x == 0 {
		return nil
	}
	return t.extras[f.x]
}

// needExtra returns what hangs off a flow, making it.
func (t *Tracker) needExtra(f *Flow) *extra {
	if f.x != 0 {
		return t.extras[f.x]
	}
	if n := len(t.freeX); n > 0 {
		f.x = t.freeX[n-1]
		t.freeX = t.freeX[:n-1]
	} else {
		f.x = uint32(len(t.extras))
		t.extras = append(t.extras, new(extra))
	}
	return t.extras[f.x]
}

// release frees all that hangs off a flow.
func (t *Tracker) release(f *Flow) {
	t.freeNamesOf(f)
	x := t.extraOf(f)
	if x == nil {
		return
	}
	t.freeWork(x)
	t.freeSpeech(x)
	t.freeVigil(x)
	t.freeCall(x)
	for d := range x.bulk {
		t.freeBulk(x, fact.Dir(d))
		t.freeRate(x, fact.Dir(d))
	}
	t.side -= x.size()
	*x = extra{}
	t.freeX = append(t.freeX, f.x)
	f.x = 0
}

// size is what an extra holds beside work and bulk logs, bytes, roughly.
func (x *extra) size() int {
	n := 0
	if tr := x.trouble; tr != nil {
		n += troubleSize + sizeOfPage(tr.page)
		for i := range tr.conflicts {
			n += sizeOfConflict(&tr.conflicts[i])
		}
	}
	if x.dns != nil {
		n += x.dns.held
	}
	if x.local != nil {
		n += localSize
	}
	if x.prior != nil {
		n += priorSize
	}
	return n
}

// workOf returns the work of a flow, making one.
func (t *Tracker) workOf(id flow.ID, f *Flow, now int64) *work {
	x := t.needExtra(f)
	if x.work != nil {
		t.touchWork(x.work, now)
		return x.work
	}
	w, at := t.works.get(id, now)
	if w == nil {
		t.steal(t.works.victim())
		w, at = t.works.get(id, now)
	}
	w.renew()
	w.place = at
	x.work = w
	return w
}

// renew makes a work that of another flow. The rings and lists keep what was in
// them: their lengths say what counts.
func (w *work) renew() {
	w.control = 0
	for d := range w.rings {
		w.rings[d].n, w.rings[d].i = 0, 0
	}
	w.rtt = [2]rttHist{}
	w.hello = fact.Hello{}
	w.records = [2]records{}
	w.streams = [2]half{}
	w.probes, w.clocks, w.stalls = [2]probe{}, [2]tsClock{}, [2]stall{}
	w.heads[0].n, w.heads[1].n = 0, 0
}

// touchWork keeps the order of use.
func (t *Tracker) touchWork(w *work, now int64) {
	if w.stale(now) {
		w.used = now
		t.works.touch(w.slot)
	}
}

// steal takes the work of the flow that was silent for longest.
func (t *Tracker) steal(id flow.ID) {
	f := &t.Table.At(id).Rec
	t.freeWork(t.extras[f.x])
	t.dropExtra(f)
	f.flags |= stolen
	t.Stolen++
}

// freeWork gives a flow's work back.
func (t *Tracker) freeWork(x *extra) {
	w := x.work
	if w == nil {
		return
	}
	for d := range w.streams {
		t.freeBuffer(&w.streams[d])
	}
	t.freeMarks(w.hello.Retrans)
	t.freeMarks(w.hello.SYNRetr)
	w.hello.Retrans, w.hello.SYNRetr = nil, nil
	for d, fin := range w.fins {
		t.fins.put(fin)
		w.fins[d] = nil
	}
	t.works.put(w.slot)
	x.work = nil
}

// dropExtra gives back what holds nothing any more.
func (t *Tracker) dropExtra(f *Flow) {
	if f.x != 0 && *t.extras[f.x] == (extra{}) {
		t.freeX = append(t.freeX, f.x)
		f.x = 0
	}
}

// makeRoom ends flows until one more fits the budget: those still shaking
// hands first if they are many (a flood of SYNs must not push out
// conversations), else the one that was silent for longest. Works and bulk logs
// keep to their own shares.
func (t *Tracker) makeRoom() {
	for t.full(1) {
		t.evict()
	}
}

// take hands out a piece of a pool; where none is left, that of the flow which was silent
// for longest, which free takes from it.
func take[T any](t *Tracker, p *pool[T], id flow.ID, now int64, free func(*Tracker, *extra)) (*T, place) {
	k, at := p.get(id, now)
	if k == nil {
		loser := &t.Table.At(p.victim()).Rec
		free(t, t.extras[loser.x])
		t.dropExtra(loser)
		k, at = p.get(id, now)
	}
	return k, at
}

// pieces is the memory that hangs off flows and counts against their records, bytes.
func (t *Tracker) pieces() int {
	return t.side + len(t.extras)*int(extraSize+8) + t.events.bytes() +
		t.speeches.made*int(speechSize) + t.vigils.made*int(vigilSize) + t.rates.made*int(rateSize) + t.calls.made*int(callSize)
}

// full reports whether the budget is too small for so many flows more.
func (t *Tracker) full(more int) bool {
	flows := (t.Table.Len() + more) * t.perFlow
	return t.Table.Len() > 0 && (flows > t.conf.Memory-t.conf.Memory/tableShare || flows+t.pieces() > t.conf.Memory-t.conf.Memory/restShare)
}

func (t *Tracker) evict() {
	victim, best := flow.ID(0), int64(0)
	for q := flow.Queue(0); q < numQueues; q++ {
		id, placed := t.Table.Oldest(q)
		if id == 0 {
			continue
		}
		if q == QHalf && 4*t.Table.LenOf(QHalf) > t.Table.Len() {
			victim = id
			break
		}
		if victim == 0 || placed < best {
			victim, best = id, placed
		}
	}
	t.Table.At(victim).Rec.flags |= evicted
	t.Evicted++
	t.end(victim, fact.EndEvicted)
}

// Bytes is the memory a tracker holds.
func (t *Tracker) Bytes() int {
	return t.Table.Bytes() + t.works.made*int(workSize) + t.marks.made*int(marksSize) + t.fins.made*int(finSize) +
		t.bulks.bytes + t.pieces()
}

// mssOption is the MSS that bounds what d sends, as its receiver announced it.
func (f *Flow) mssOption(d fact.Dir) uint16 { return f.sides[d.Other()].mss }
