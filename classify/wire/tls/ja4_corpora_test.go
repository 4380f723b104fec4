package tls_test

import (
	"io"
	"strconv"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/stream"
	"chokepoint/classify/wire/tls"
	"chokepoint/internal/corpora"
	"chokepoint/internal/corpora/replay"
)

// print is one fingerprint on one connection of one capture.
type print struct{ capture, src, sport, dst, dport, ja4 string }

// prints reads a table of reference fingerprints, those over QUIC left out. src
// and ja4 are the columns of the source address and the fingerprint.
func prints(t *testing.T, table string, src, ja4 int) map[print]bool {
	rows := map[print]bool{}
	for _, col := range corpora.Rows(t, table) {
		if len(col) > ja4 && col[ja4][0] != 'q' {
			rows[print{col[0], col[src], col[src+1], col[src+2], col[src+3], col[ja4]}] = true
		}
	}
	return rows
}

// fingerprints returns those of all hellos over TCP in a capture.
func fingerprints(t *testing.T, name string) map[print]bool {
	out := map[print]bool{}
	streams := map[capture.Key]*stream.Buffer{}
	var h tls.ClientHello
	err := replay.Packets(corpora.Path(t, name), func(p *capture.Packet) {
		if p.Key.Proto != capture.ProtoTCP {
			return
		}
		s, seq := streams[p.Key], p.Seq
		if p.Flags&capture.SYN != 0 {
			seq++
		}
		if s == nil || p.Flags&capture.SYN != 0 && s.Base() != seq {
			s = &stream.Buffer{}
			s.Start(seq, tls.MaxHello)
			streams[p.Key] = s
		}
		if len(p.Payload) == 0 {
			return
		}
		s.Add(seq, p.Payload)
		if st, _ := h.Parse(s.Bytes()); st == tls.Done {
			out[row(name, p.Key, h.JA4('t'))] = true
		}
	})
	if err != io.EOF {
		t.Fatal(err)
	}
	return out
}

func row(name string, k capture.Key, ja4 string) print {
	return print{name, k.SrcAddr().String(), strconv.Itoa(int(k.SrcPort)), k.DstAddr().String(), strconv.Itoa(int(k.DstPort)), ja4}
}

// TestJA4AgreesWithTheReferences wants every fingerprint that both reference
// implementations have, and none on a connection of theirs that neither has. The
// Python one adds the second hello after a HelloRetryRequest.
func TestJA4AgreesWithTheReferences(t *testing.T) {
	rust := prints(t, "ja4_expected.tsv", 3, 8)
	python := prints(t, "ja4_expected_python.tsv", 1, 6)
	ours := map[print]bool{}
	known := map[print]bool{} // connections of either table, without fingerprint
	seen := map[string]bool{}
	for _, table := range []map[print]bool{rust, python} {
		for r := range table {
			if !seen[r.capture] {
				seen[r.capture] = true
				for o := range fingerprints(t, r.capture) {
					ours[o] = true
				}
			}
			r.ja4 = ""
			known[r] = true
		}
	}
	agreed, hit := 0, 0
	for r := range rust {
		switch {
		case !python[r]:
			t.Logf("look at: rust alone has %v, we %v", r, ours[r])
		case ours[r]:
			agreed, hit = agreed+1, hit+1
		default:
			agreed++
			t.Errorf("missed: %v", r)
		}
	}
	for r := range python {
		if !rust[r] {
			t.Logf("look at: python alone has %v, we %v", r, ours[r])
		}
	}
	for o := range ours {
		conn := o
		conn.ja4 = ""
		if known[conn] && !rust[o] && !python[o] {
			t.Errorf("only we have %v", o)
		}
	}
	t.Logf("%d of %d agreed fingerprints, %d rust, %d python, %d ours", hit, agreed, len(rust), len(python), len(ours))
	if agreed < 100 {
		t.Errorf("the tables agree on %d rows only: were they read?", agreed)
	}
}
