package im_test

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/internal/corpora"
	"chokepoint/internal/corpora/replay"
)

// perDirection is how many payloads of a direction are looked at.
const perDirection = 16

// payload is one payload with what a sign may compare it with.
type payload struct {
	tcp        bool
	b          []byte
	wire       int
	prev       payloadHead // the payload before it in its direction
	opposite   payloadHead // the last one of the opposite direction
	first      payloadHead // the first one of the flow, in either direction
	ours, them []int       // lengths so far in its direction and the opposite one
}

// payloadHead is what is kept of an earlier payload.
type payloadHead struct {
	b    []byte
	wire int
}

// side is what is kept of a direction.
type side struct {
	lens  []int
	last  payloadHead
	first payloadHead
}

// where names a flow of a capture as the table of labels does.
type where struct {
	capture  string
	src, dst string // address and port, by order
}

func (w where) String() string { return w.capture + " " + w.src + " " + w.dst }

func place(capturePath string, k capture.Key) where {
	a, b := fmt.Sprint(k.SrcAddr(), " ", k.SrcPort), fmt.Sprint(k.DstAddr(), " ", k.DstPort)
	if b < a {
		a, b = b, a
	}
	return where{capturePath, a, b}
}

// walk calls fn for the first payloads of each direction of each 5-tuple of
// each capture that opens, and returns how many those were.
func walk(t *testing.T, fn func(where, payload)) (files, payloads int) {
	for _, f := range corpora.Captures(t, corpora.Usual...) {
		before, sides := payloads, map[capture.Key]*side{}
		// Not every file in the corpora is meant to open, nor to end well.
		_ = replay.Payloads(f.Path, perDirection, func(p *capture.Packet) {
			payloads++
			offer(sides, p, func(k capture.Key, x payload) { fn(place(f.Name, k), x) })
		})
		if payloads > before {
			files++
		}
	}
	return files, payloads
}

// offer hands one payload over with what was before it.
func offer(sides map[capture.Key]*side, p *capture.Packet, fn func(capture.Key, payload)) {
	s, other := sides[p.Key], sides[p.Key.Reverse()]
	if s == nil {
		s = &side{}
		sides[p.Key] = s
	}
	if other == nil {
		other = &side{}
	}
	wire := int(p.PayloadLen)
	s.lens = append(s.lens, wire)
	first := s.first
	if first.b == nil {
		first = other.first
	}
	fn(p.Key, payload{p.Has&capture.HasTCP != 0, p.Payload, wire, s.last, other.last, first, s.lens, other.lens})
	s.last = payloadHead{bytes.Clone(p.Payload[:min(len(p.Payload), 64)]), wire}
	if s.first.b == nil {
		s.first = s.last
	}
}

// labels reads nDPI's opinion of each flow.
func labels(t *testing.T) map[where]string {
	out := map[where]string{}
	for _, c := range corpora.Rows(t, "ndpi_flows_messenger.tsv") {
		if len(c) < 9 || !strings.HasPrefix(c[8], "DPI") {
			continue // a guess by port or address proves nothing
		}
		a, b := c[2]+" "+c[3], c[4]+" "+c[5]
		if _, err := strconv.Atoi(c[3]); err != nil {
			continue
		}
		if b < a {
			a, b = b, a
		}
		out[where{c[0], a, b}] = strings.ToLower(c[6])
	}
	return out
}

// hits counts, per sign, the flows it matches by capture, and lists those of
// another application.
type hits struct {
	byCapture map[string]map[where]bool
	foreign   map[where]string // and nDPI's label
}

func (h *hits) add(w where, own bool, label string) {
	if h.byCapture == nil {
		h.byCapture, h.foreign = map[string]map[where]bool{}, map[where]string{}
	}
	if !own {
		h.foreign[w] = label
		return
	}
	if h.byCapture[w.capture] == nil {
		h.byCapture[w.capture] = map[where]bool{}
	}
	h.byCapture[w.capture][w] = true
}

// summary names the captures in which the sign matches its own application.
func (h *hits) summary() string {
	var out []string
	for c, flows := range h.byCapture {
		out = append(out, fmt.Sprintf("%s %d", c, len(flows)))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (h *hits) strangers() []string {
	var out []string
	for w, label := range h.foreign {
		out = append(out, w.String()+" "+label)
	}
	slices.Sort(out)
	return out
}
