package im_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/pcapfile"
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
func walk(t *testing.T, dir string, fn func(where, payload)) (files, payloads int) {
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		switch filepath.Ext(path) {
		case ".pcap", ".pcapng", ".cap":
			name, _ := filepath.Rel(dir, path)
			n := payloads
			walkFile(path, func(k capture.Key, p payload) { payloads++; fn(place(name, k), p) })
			if payloads > n {
				files++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, payloads
}

func walkFile(path string, fn func(capture.Key, payload)) {
	r, err := pcapfile.Open(path, pcapfile.Options{})
	if err != nil {
		return // not every file in the corpora is meant to open
	}
	defer r.Close()
	var d decode.Decoder
	var batch capture.Batch
	sides := map[capture.Key]*side{}
	for err == nil {
		err = r.Read(&batch)
		for i := range batch.Packets {
			p := &batch.Packets[i]
			if d.Decode(p); p.Has&capture.HasPorts == 0 || p.PayloadLen == 0 || len(p.Payload) == 0 {
				continue
			}
			offer(sides, p, fn)
		}
	}
}

// offer hands one payload over if its direction has not had its share.
func offer(sides map[capture.Key]*side, p *capture.Packet, fn func(capture.Key, payload)) {
	s, other := sides[p.Key], sides[p.Key.Reverse()]
	if s == nil {
		s = &side{}
		sides[p.Key] = s
	}
	if other == nil {
		other = &side{}
	}
	if len(s.lens) == perDirection {
		return
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
func labels(t *testing.T, path string) map[where]string {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[where]string{}
	for in := bufio.NewScanner(f); in.Scan(); {
		c := strings.Split(in.Text(), "\t")
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
