package tls

import (
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/google/gopacket/layers"

	"chokepoint/internal/corpora"
)

// row is one server name on one connection of one capture.
type row struct {
	capture string
	tuple
	name string
}

// names reads the TLS rows of a table with the columns src, sport, dst and
// dport after the transport's, which is in column c, and the name in column n.
func names(t *testing.T, table string, c, n int) map[row]bool {
	rows := map[row]bool{}
	for _, col := range corpora.Rows(t, table) {
		if len(col) <= n || col[c] != "TLS" || col[n] == "" {
			continue
		}
		sport, _ := strconv.ParseUint(col[c+2], 10, 16)
		dport, _ := strconv.ParseUint(col[c+4], 10, 16)
		rows[row{col[0], tuple{col[c+1], col[c+3], uint16(sport), uint16(dport)}, strings.ToLower(col[n])}] = true
	}
	return rows
}

// What remains apart, by cause: TLS behind a plaintext preamble (STARTTLS,
// CONNECT, SOCKS, LDAP, RDP, PostgreSQL), tunnels that one table lists with the
// outer addresses, rows with the server as source, addresses of IPv6 that are
// misspelt, and zero bytes sent as payload of bare acknowledgements, which our
// collector takes for the start of the stream.

// found is what the parser says about the connections of one capture.
type found struct {
	name    map[row]string // and how: "whole" or "partial"
	streams map[tuple]*side
}

// parseCapture runs the parser over every connection of a capture, calling it
// again for each segment as the engine does.
func parseCapture(path, capture string) (found, error) {
	out := found{map[row]string{}, map[tuple]*side{}}
	finish := func(k tuple, s *side) {
		var h ClientHello
		if h.ParsePartial(s.stream) && h.SNIRaw != "" {
			out.name[row{capture, k, strings.ToLower(h.SNIRaw)}] = "partial"
		}
	}
	err := eachSegment(path, func(k tuple, tcp *layers.TCP) {
		s, seq := out.streams[k], tcp.Seq
		if tcp.SYN {
			seq++
		}
		if s == nil || tcp.SYN && s.next-uint32(len(s.stream)) != seq {
			if s != nil {
				finish(k, s)
			}
			s = &side{next: seq, later: map[uint32][]byte{}}
			out.streams[k] = s
		}
		s.add(seq, tcp.Payload)
		var h ClientHello
		if st, _ := h.Parse(s.stream); st == Done && h.SNIRaw != "" {
			out.name[row{capture, k, strings.ToLower(h.SNIRaw)}] = "whole"
		}
	})
	for k, s := range out.streams {
		finish(k, s)
	}
	return out, err
}

func TestServerNamesAgreeWithTsharkAndNDPI(t *testing.T) {
	tshark := names(t, "tshark_sni.tsv", 2, 7)
	ndpi := names(t, "ndpi_sni.tsv", 1, 6)
	wanted := map[string]bool{}
	for _, rows := range []map[row]bool{tshark, ndpi} {
		for r := range rows {
			wanted[r.capture] = true
		}
	}
	ours := parseAll(t, wanted)
	agreed, hit := 0, 0
	for r := range tshark {
		if ndpi[r] {
			agreed++
			if ours[r] != "" {
				hit++
			} else {
				t.Logf("missed by us, seen by both: %v", r)
			}
		}
	}
	logOthers(t, "only tshark has", tshark, ndpi, ours)
	logOthers(t, "only nDPI has", ndpi, tshark, ours)
	extra := 0
	for _, r := range sorted(ours) {
		if !tshark[r] && !ndpi[r] {
			extra++ // "partial": a segment of the hello is not in the capture
			t.Logf("only we have, by a %s hello: %v", ours[r], r)
		}
	}
	if extra*100 > len(ours) {
		t.Errorf("%d of %d names are ours alone", extra, len(ours))
	}
	t.Logf("of %d agreed rows %d found, of %d by tshark and %d by nDPI, %d by us", agreed, hit, len(tshark), len(ndpi), len(ours))
	if hit*100 < agreed*99 {
		t.Errorf("only %d of %d agreed rows found", hit, agreed)
	}
}

// parseAll goes over every capture that opens; errors count only where a name
// is expected.
func parseAll(t *testing.T, wanted map[string]bool) map[row]string {
	ours := map[row]string{}
	for _, f := range corpora.Captures(t, corpora.Packed...) {
		got, err := parseCapture(f.Path, f.Name)
		if err != nil && wanted[f.Name] {
			t.Logf("%s: %v", f.Name, err)
		}
		for r, how := range got.name {
			ours[r] = how
		}
	}
	return ours
}

func logOthers(t *testing.T, what string, rows, other map[row]bool, ours map[row]string) {
	n := 0
	for _, r := range sorted(rows) {
		if !other[r] && ours[r] == "" {
			t.Logf("%s: %v", what, r)
		} else if !other[r] {
			n++
		}
	}
	t.Logf("%s %d names that we have too", what, n)
}

func sorted[V any](m map[row]V) []row {
	var out []row
	for r := range m {
		out = append(out, r)
	}
	sort.Slice(out, func(i, j int) bool {
		if a, b := out[i], out[j]; a.capture != b.capture {
			return a.capture < b.capture
		} else if a.sport != b.sport {
			return a.sport < b.sport
		} else {
			return a.name < b.name
		}
	})
	return out
}
