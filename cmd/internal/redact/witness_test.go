package redact_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
	"chokepoint/cmd/internal/redact"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/html"
	"chokepoint/cmd/internal/report/jsonl"
	"chokepoint/cmd/internal/report/packets"
	"chokepoint/cmd/internal/report/slice"
	"chokepoint/cmd/internal/report/table"
)

// witness hears what the engine says, and remembers what must not be told.
type witness struct {
	report.Report
	r       *redact.Redactor
	clients map[netip.Addr]bool // and all whom the rules do not know
	names   map[string]bool
	macs    map[[6]byte]bool
	flows   []capture.Key
	page    *html.Page
	section *html.Capture
	slices  *slice.Slices
}

func (w *witness) addr(a netip.Addr) {
	a = a.Unmap().WithZone("")
	if a.IsValid() && !redact.Nobodys(a) && !w.r.Knows(a) {
		w.clients[a] = true
	}
}

func (w *witness) name(all ...string) {
	for _, s := range all {
		if s != "" && w.r.Name(s) != s && !redact.Ordinary[redact.Fold(s)] {
			w.names[redact.Fold(s)] = true
		}
	}
}

func (w *witness) Flow(f *fact.Flow, findings []string) error {
	w.clients[f.Key.SrcAddr()] = !redact.Nobodys(f.Key.SrcAddr()) || f.Key.SrcAddr().IsLoopback()
	w.addr(f.Key.DstAddr())
	w.flows = append(w.flows, f.Key)
	n := &f.Names
	w.name(n.SNI, n.Host, n.Decoy)
	w.name(n.CertNames...)
	w.name(n.DNS...)
	for i := range f.DNS {
		d := &f.DNS[i]
		w.addr(d.Resolver)
		w.name(d.QName)
		for _, a := range d.Answers {
			w.name(a.Targets...)
			for _, ip := range a.Addrs {
				w.addr(ip)
			}
		}
	}
	return w.Report.Flow(f, findings)
}

func (w *witness) Finding(f *finding.Finding) error {
	w.name(f.Name)
	return w.Report.Finding(f)
}

// hardware notes MAC addresses on the way.
type hardware struct {
	capture.Source
	w *witness
}

func (h hardware) Read(b *capture.Batch) error {
	err := h.Source.Read(b)
	for i := range b.Packets {
		p := &b.Packets[i]
		if p.Link != capture.LinkEthernet || len(p.Frame) < 12 {
			continue
		}
		for _, mac := range [][6]byte{[6]byte(p.Frame[:6]), [6]byte(p.Frame[6:])} {
			if mac[0]&1 == 0 && mac != [6]byte{} {
				h.w.macs[mac] = true
			}
		}
	}
	return err
}

// run analyses a capture and returns what is told of it.
func run(t testing.TB, path string, key [32]byte) (told, records []byte, w *witness) {
	t.Helper()
	src, err := pcapfile.Open(path, pcapfile.Options{})
	if err != nil {
		return nil, nil, nil // damaged from its beginning
	}
	defer src.Close()
	r := redact.New(nil, redact.Options{Key: key})
	var lines, screen bytes.Buffer
	w = &witness{r: r, clients: map[netip.Addr]bool{}, names: map[string]bool{}, macs: map[[6]byte]bool{}, page: html.New()}
	w.section, w.slices = w.page.Capture(r), slice.New(r)
	w.Report = report.Tee{w.section, w.slices, r.Note(), r.Wrap(report.Tee{jsonl.New(&lines), table.New(&screen, table.Options{All: true, Verbose: true})})}
	meta := &report.Meta{Tool: "chokepoint", Schema: 1, Files: []report.File{{Name: path, Filter: "host 10.0.0.2"}}, Expr: "host 10.0.0.2"}
	if err := w.Begin(meta); err != nil {
		t.Fatal(err)
	}
	stats, _ := classify.Run(context.Background(), hardware{src, w}, w, classify.Options{All: true, Rules: service.Default(), Seed: 1}) // whatever the end
	if err := w.End(&stats); err != nil {
		t.Fatal(err)
	}
	told = append(lines.Bytes(), screen.Bytes()...)
	return append(told, w.pageOf(t, path)...), lines.Bytes(), w
}

// pageOf looks at the packets once more and returns the page that is made of all.
func (w *witness) pageOf(t testing.TB, path string) []byte {
	t.Helper()
	src, err := pcapfile.Open(path, pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	gather := packets.NewGather(src, 0, 0, append(w.section.Wants(), w.slices.Takers()...)...)
	for b := new(capture.Batch); gather.Read(b) == nil; {
	}
	var out bytes.Buffer
	if err := w.page.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// blank is what all pages have, in lower case: styles, scripts and a licence.
var blank = sync.OnceValue(func() string {
	p := html.New()
	p.Capture(nil)
	var out bytes.Buffer
	_ = p.Write(&out) // a buffer takes all
	return strings.ToLower(out.String())
})

// stunCookie is what STUN hides addresses with (RFC 8489 section 14.2).
var stunCookie = [4]byte{0x21, 0x12, 0xa4, 0x42}

// forms are all ways in which an address may be written.
func forms(a netip.Addr) map[string]string {
	raw := a.AsSlice()
	out := map[string]string{"as text": a.String(), "in full": a.StringExpanded(), "as a name": redact.ToArpa(a)}
	if a.Is4() {
		x := netip.AddrFrom4([4]byte{raw[0] ^ stunCookie[0], raw[1] ^ stunCookie[1], raw[2] ^ stunCookie[2], raw[3] ^ stunCookie[3]})
		out["as STUN's text"] = x.String()
		out["mapped"] = fmt.Sprintf("ffff:%x:%x", uint16(raw[0])<<8|uint16(raw[1]), uint16(raw[2])<<8|uint16(raw[3]))
		spelled(out, "as STUN's", x.AsSlice())
	}
	spelled(out, "", raw)
	return out
}

// spelled adds bytes as they are and in hex, in both cases and separated.
func spelled(out map[string]string, how string, raw []byte) {
	digits := hex.EncodeToString(raw)
	for _, sep := range []string{"", ":", "-", " ", "."} {
		var parts []string
		for i := 0; i < len(digits); i += 2 {
			parts = append(parts, digits[i:i+2])
		}
		s := strings.Join(parts, sep)
		out[how+" hex"+sep] = s
		out[how+" HEX"+sep] = strings.ToUpper(s)
	}
	for _, c := range raw {
		if c < '\t' || c > '~' { // as text it may be anything
			out[how+" binary"] = string(raw)
		}
	}
}

// says reports whether a text says a thing by itself, not as a part of another.
func says(told, thing string) bool {
	inner := func(c byte) bool {
		return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-'
	}
	for at := 0; ; {
		i := strings.Index(told[at:], thing)
		if i < 0 {
			return false
		}
		i += at
		end := i + len(thing)
		at = i + 1
		before := i > 0 && (inner(told[i-1]) || told[i-1] == '.' && i > 1 && inner(told[i-2]))
		behind := end < len(told) && (inner(told[end]) || told[end] == '.' && end+1 < len(told) && inner(told[end+1]))
		if !before && !behind {
			return true
		}
	}
}
