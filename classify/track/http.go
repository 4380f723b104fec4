package track

import (
	"strings"
	"unique"

	"chokepoint/capture"
	"chokepoint/classify/flow"
	"chokepoint/classify/wire"
)

// httpRequest reads the head of a request.
func (t *Tracker) httpRequest(f *Flow, h *half, b []byte) bool {
	status, _ := t.request.Parse(b)
	if status == wire.NeedMore {
		h.want = len(b) + 1
	}
	if status == wire.Alien { // EHLO looks like a method
		t.freeBuffer(h)
		return h.another()
	}
	r := &t.request
	if r.Host == "" && status == wire.NeedMore {
		return false
	}
	n := t.needNames(f)
	if n.flags&hasHost == 0 && r.Method != "CONNECT" {
		n.flags |= hasHost
		n.request = unique.Make(request{strings.Clone(r.Host), strings.Clone(r.Method)})
		t.speaks(f, appHTTP)
		if w := t.extras[f.x].work; w != nil && w.hello.Kind == "other" {
			w.hello.Kind = "http"
		}
	}
	if r.Method == "CONNECT" { // a hello follows on the same stream
		n.flags |= proxied
		t.freeBuffer(h)
		return h.another()
	}
	return status != wire.NeedMore
}

// httpResponse reads the head of a response. Its bytes stay to be compared: a
// forged answer and the true one overlap.
func (t *Tracker) httpResponse(id flow.ID, e *flow.Entry[Flow], p *capture.Packet, h *half, b []byte) bool {
	f := &e.Rec
	status, _ := t.response.Parse(b)
	if status == wire.NeedMore {
		h.want = len(b) + 1
	}
	r := &t.response
	if status == wire.Alien || r.Code == 0 {
		return status != wire.NeedMore
	}
	n := t.needNames(f)
	n.status = uint16(r.Code)
	if m := n.more; r.Location != "" && (m == nil || m.location == "") {
		m = t.needMore(f)
		m.location = strings.Clone(r.Location)
		t.side += len(m.location)
	}
	t.page(id, f, p, h, b)
	return false
}
