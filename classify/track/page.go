package track

import (
	"bytes"
	"slices"
	"unsafe"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
	"chokepoint/classify/stream"
	"chokepoint/classify/wire/http"
)

const (
	// maxPageText is how much of a version of an answer is kept, bytes: the head of
	// a forged one is shorter (a 302 has 90 to 300, Iran's page 402 to 405).
	maxPageText = 512
	// hasteMargin is by how much an answer must be sooner than its path allows, µs:
	// below it a clock may be at fault (as R2).
	hasteMargin = 3000
	versionSize = int(unsafe.Sizeof(fact.Conflict{}))
	pageSize    = int(unsafe.Sizeof(fact.Page{}))
)

// contradicted keeps bytes of a buffered stream that came again and were others.
// Blank ones are not what was sent: keep-alives may have a zero byte (RFC 1122
// section 4.2.3.6), and recorders blank what they hide.
func (t *Tracker) contradicted(id flow.ID, f *Flow, d fact.Dir, p *capture.Packet, h *half, r *stream.Result) {
	off := r.From - int(int32(dataSeq(p)-h.buf.Base()))
	if r.Span <= 1 || off < 0 || off > len(p.Payload) {
		return
	}
	next := p.Payload[off:]
	first := h.buf.Kept(r.From, r.Span)
	if blank(first) || blank(next[:min(len(next), r.Span)]) {
		return
	}
	c := t.conflict(id, f, d, p, h.buf.Base()+uint32(r.At), uint32(r.Span))
	if c == nil || d != fact.Down || h.parser != asHTTP {
		return
	}
	if r.New == 0 { // what follows is the first version's too
		first = h.buf.Kept(r.From, maxPageText)
	}
	c.Differ = uint32(r.Differ)
	v := &c.Versions
	v[0].Time, v[0].IPID = t.sentAt(f, d, c.First)
	v[1].Time, v[1].IPID = p.Time, idOf(p)
	for i, b := range [2][]byte{first, next} {
		v[i].Page = t.pageHead(b, r.From == 0)
	}
	t.side += sizeOfConflict(c)
}

func blank(b []byte) bool { return !slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) }

func idOf(p *capture.Packet) fact.Opt[uint16] {
	if p.Has&capture.HasIPID == 0 {
		return fact.Opt[uint16]{}
	}
	return fact.Some(p.IPID)
}

// sentAt says when a packet that is remembered came, and its IP id.
func (t *Tracker) sentAt(f *Flow, d fact.Dir, num uint64) (at int64, ipid fact.Opt[uint16]) {
	w := t.extras[f.x].work
	for k := 0; w != nil; k++ {
		q := w.rings[d].back(k)
		if q == nil {
			break
		}
		if q.num == num {
			if f.sides[d].flags&hasIPID != 0 {
				ipid = fact.Some(q.ipid)
			}
			return q.time, ipid
		}
	}
	if s := &f.sides[d]; s.firstData != 0 && f.Num+uint64(s.firstN) == num {
		at = f.at(s.firstData)
	}
	return at, ipid
}

// pageHead reads the beginning of an answer, in memory of its own; start says that
// a response begins there.
func (t *Tracker) pageHead(b []byte, start bool) fact.PageHead {
	h := fact.PageHead{Text: append([]byte(nil), b[:min(len(b), maxPageText)]...)}
	if !start {
		return h
	}
	t.response.Parse(b)
	h.Status, h.Location, h.Title = t.response.Code, clip(t.response.Location), clip(t.response.Title)
	return h
}

// sizeOfConflict is what a conflict holds beside its place on the list, bytes.
func sizeOfConflict(c *fact.Conflict) (n int) {
	for i := range c.Versions {
		h := &c.Versions[i].Page
		n += len(h.Text) + len(h.Location) + len(h.Title)
	}
	if n > 0 {
		n += versionSize
	}
	return n
}

// sizeOfPage is what an odd answer holds, bytes.
func sizeOfPage(p *fact.Page) int {
	if p == nil {
		return 0
	}
	n := pageSize + len(p.Text) + len(p.Location) + len(p.Title)
	for i := range p.Listed {
		n += int(unsafe.Sizeof(p.Listed[i]))
	}
	return n
}

// page looks at how the first answer in the clear came, and keeps it if it is odd.
func (t *Tracker) page(id flow.ID, f *Flow, p *capture.Packet, h *half, b []byte) {
	listed := t.listed(h, p, b)
	x := t.extraOf(f)
	tr := x.trouble
	switch {
	case tr != nil && tr.page != nil:
		t.grow(id, f, tr.page, b, listed)
		return
	case len(listed) == 0 && (h.seen || !f.odd(x.work, p)):
		h.seen = true
		return
	}
	h.seen = true
	page := t.keepPage(id, f, p, t.pageHead(b, true))
	page.Listed = listed
	t.side += sizeOfPage(page)
}

// keepPage makes a record of an odd answer that begins in p.
func (t *Tracker) keepPage(id flow.ID, f *Flow, p *capture.Packet, head fact.PageHead) *fact.Page {
	tr := t.needTrouble(id, f)
	asked := fact.Mark{}
	if w := t.extras[f.x].work; w != nil {
		asked = w.hello.First
	}
	tr.page = &fact.Page{PageHead: head, Num: p.Num, Request: asked.Num, Time: p.Time, Asked: asked.Time,
		TTL: p.TTL, IPID: idOf(p), Flags: p.Flags, Len: p.PayloadLen}
	return tr.page
}

// pageStarts are how pages begin, in lower case.
var pageStarts = [][]byte{[]byte("<html"), []byte("<!doctype html"), []byte("<head"), []byte("<iframe"), []byte("<script")}

// barePage keeps a page that answers the first request without a status line. No
// server of HTTP/1 leaves it out (RFC 9112 section 4); boxes that put a page
// together by hand do.
func (t *Tracker) barePage(id flow.ID, f *Flow, d fact.Dir, p *capture.Packet, h *half) {
	n := t.namesOf(f)
	first := d == fact.Down && h.tries == 0 && n != nil && n.flags&hasHost != 0 && n.status == 0 && value(n.request).host != ""
	b := bytes.TrimLeft(p.Payload, " \r\n\t")
	if !first || !slices.ContainsFunc(pageStarts, func(s []byte) bool { return len(b) >= len(s) && bytes.EqualFold(b[:len(s)], s) }) {
		return
	}
	t.keepPage(id, f, p, t.pageHead(p.Payload, false)).Bare = true
	t.side += sizeOfPage(t.extras[f.x].trouble.page)
}

// grow adds to an odd answer what came of it since.
func (t *Tracker) grow(id flow.ID, f *Flow, page *fact.Page, b []byte, listed []fact.PageMatch) {
	before := sizeOfPage(page)
	if page.Location == "" && t.response.Location != "" {
		page.Location = clip(t.response.Location)
	}
	if page.Title == "" && t.response.Title != "" {
		page.Title = clip(t.response.Title)
	}
	if n := min(len(b), maxPageText); n > len(page.Text) {
		page.Text = append([]byte(nil), b[:n]...)
	}
	for _, m := range listed {
		if !slices.Contains(page.Listed, m) && len(page.Listed) < maxListed {
			page.Listed = append(page.Listed, m)
			t.mark(id, f)
		}
	}
	t.side += sizeOfPage(page) - before
}

// maxListed is how many entries of lists are named.
const maxListed = 4

// odd reports an answer that came sooner than the handshake says its sender can
// answer, or from elsewhere than its SYN/ACK.
func (f *Flow) odd(w *work, p *capture.Packet) bool {
	if w == nil || w.hello.First.Num == 0 {
		return false
	}
	down := &f.sides[fact.Down]
	if rtt := f.sides[fact.Up].rttHandshake; rtt > 0 {
		age := (p.Time - w.hello.First.Time) / 1000
		if age >= 0 && age < int64(rtt)/2 && int64(rtt)-age > hasteMargin {
			return true
		}
	}
	apart := int(p.TTL) - int(down.ttl)
	return down.flags&ttlSeen != 0 && (apart > 1 || apart < -1)
}

// listed asks the user's lists whether they know the answer: when its head is
// there, when its body has doubled, and when there will be no more of it. It is
// read in full, its fields are in t.response.
func (t *Tracker) listed(h *half, p *capture.Packet, b []byte) []fact.PageMatch {
	r := &t.response
	if t.conf.Pages == nil || r.HeadLen == 0 {
		return nil
	}
	ends := p.Flags&capture.FIN != 0 || h.buf != nil && h.buf.Full() || bytes.HasSuffix(b, []byte("0\r\n\r\n")) ||
		r.ContentLength >= 0 && int64(len(b)-r.HeadLen) >= r.ContentLength
	if len(b) < 2*h.looked && !ends {
		return nil
	}
	h.looked = len(b)
	return t.conf.Pages(r, b)
}

// Pages recognises answers that are on lists; stream holds the response from its
// start, r what was read of it.
type Pages func(r *http.Response, stream []byte) []fact.PageMatch
