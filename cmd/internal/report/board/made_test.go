package board

import (
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/table"
)

var update = flag.Bool("update", false, "write the golden screens anew; read the diff")

var start = time.Date(2026, 11, 21, 3, 11, 2, 0, time.UTC)

// at is s seconds after the start.
func at(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }

// moment is so many seconds after the start, with so many packets and losses.
func moment(s float64, packets, lost, unseen uint64) Moment {
	return Moment{First: start, Now: at(s), Packets: packets, Lost: lost, Unseen: unseen}
}

func meta(names ...string) *report.Meta {
	m := &report.Meta{Backend: "tcx"}
	for _, n := range names {
		m.Files = append(m.Files, report.File{Name: n})
	}
	return m
}

// found is a finding about a service that began s seconds after the start.
func found(id string, kind finding.Kind, v finding.Verdict, service string, s float64, flows ...string) *finding.Finding {
	return &finding.Finding{ID: id, Kind: kind, Verdict: v, Service: service, From: at(s), To: at(s + 1), Flows: flows,
		Summary: "summary of " + id, Segment: finding.ServerSide}
}

// says is an answer; functions are pairs.
func says(id, name string, st answer.Status, sentence string, functions ...string) *answer.Service {
	s := &answer.Service{Service: id, Name: name, Status: st, Works: "no", Sentence: sentence, Functions: map[string]string{}}
	for i := 0; i+1 < len(functions); i += 2 {
		s.Functions[functions[i]] = functions[i+1]
	}
	return s
}

func flowTo(n int, service_, name string) *fact.Flow {
	return &fact.Flow{ID: fact.FlowID(n), State: "closed",
		Key:   capture.Key{Dst: netip.MustParseAddr("192.0.2.1").As16(), DstPort: 443, Proto: capture.ProtoTCP},
		Label: service.Label{Service: service_, Function: "chat"}, Names: fact.Names{SNI: name}}
}

// silent is a report that takes everything and says nothing but that it ended.
type silent struct {
	w   io.Writer
	err error
}

func (s silent) Begin(*report.Meta) error        { return nil }
func (s silent) Flow(*fact.Flow, []string) error { return nil }
func (s silent) Finding(*finding.Finding) error  { return s.err }
func (s silent) Service(*answer.Service) error   { return nil }
func (s silent) End(*classify.Stats) error       { _, err := fmt.Fprintln(s.w, "the answer"); return err }
func check(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// golden compares text with a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		check(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	check(t, err)
	if got != string(want) {
		t.Errorf("%s differs; got\n%s\nwant\n%s", name, got, want)
	}
}

// limits holds what every view keeps: it fits, and no terminal acts on it.
func limits(t *testing.T, lines []string, columns, rows int) {
	t.Helper()
	if len(lines) > rows {
		t.Errorf("%d lines of %d", len(lines), rows)
	}
	for i, line := range lines {
		if w := table.Width(line); w > columns {
			t.Errorf("line %d has %d of %d columns: %s", i+1, w, columns, line)
		}
		if strings.ContainsFunc(strings.ToValidUTF8(line, "\a"), func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("line %d would make a terminal act: %q", i+1, line)
		}
	}
}
