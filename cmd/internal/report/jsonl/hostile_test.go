package jsonl

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// hostile has everything a terminal might act on: an escape sequence, a C1
// control sequence introducer, a line end, DEL, a right-to-left override, a tag
// character beyond the basic plane, half a character, and what ends a string.
const hostile = "a\x1b]0;x\a\u009b31m\r\n\x00\x7f\u202e\U000e0041\u2028\xff\xc3\"}\\</script>ж"

// poison sets every string reachable from v that a test cannot fail over
// otherwise.
func poison(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(hostile)
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				poison(v.Field(i))
			}
		}
	}
}

func TestForeignTextNeverReachesTheOutputRaw(t *testing.T) {
	meta, flow, dns, find, svc := sampleMeta(), sampleFlow(), sampleDNS(), sampleFinding(), sampleService()
	spoken, stats := sampleSpoken(), sampleStats()
	for _, v := range []any{meta, flow, dns, find, svc, spoken, &stats.EncryptedDNS} {
		poison(reflect.ValueOf(v).Elem())
	}
	svc.Functions, svc.Places = map[string]string{hostile: hostile}, map[string]string{hostile: hostile}
	tests := map[string]func(r *Report) error{
		"meta":    func(r *Report) error { return r.Begin(meta) },
		"flow":    func(r *Report) error { return r.Flow(flow, []string{hostile}) },
		"spoken":  func(r *Report) error { return r.Flow(spoken, nil) },
		"stats":   func(r *Report) error { return r.End(stats) },
		"dns":     func(r *Report) error { return r.Flow(dns, nil) },
		"finding": func(r *Report) error { return r.Finding(find) },
		"service": func(r *Report) error { return r.Service(svc) },
	}
	for name, tell := range tests {
		t.Run(name, func(t *testing.T) {
			line, ended := strings.CutSuffix(written(t, tell), "\n")
			if !ended || !json.Valid([]byte(line)) {
				t.Errorf("no line of JSON: %q", line)
			}
			for _, r := range line {
				if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
					t.Errorf("%U is in the line raw", r)
				}
			}
			if !strings.Contains(line, "ж") {
				t.Error("a printable letter was lost")
			}
		})
	}
}

func TestEscapedTextReadsBackAsItWas(t *testing.T) {
	f := sampleFinding()
	f.Summary = hostile
	var got struct{ Summary string }
	if err := json.Unmarshal([]byte(written(t, func(r *Report) error { return r.Finding(f) })), &got); err != nil {
		t.Fatal(err)
	}
	if want := strings.ToValidUTF8(hostile, "\ufffd\ufffd"); got.Summary != want {
		t.Errorf("got %q, want %q", got.Summary, want)
	}
}

// Each report is told the same things twice; what it prints may not differ.
func TestTheSameFactsGiveTheSameBytes(t *testing.T) {
	tell := func(r *Report) error {
		s := sampleService()
		for _, k := range []string{"q", "b", "z", "m", "a"} {
			s.Functions[k] = "ok"
		}
		return r.Service(s)
	}
	first := written(t, tell)
	for range 20 {
		if again := written(t, tell); again != first {
			t.Fatalf("got %s, then %s", first, again)
		}
	}
}

// counting tells how often it was written to.
type counting struct {
	bytes.Buffer
	writes int
}

func (c *counting) Write(b []byte) (int, error) {
	c.writes++
	return c.Buffer.Write(b)
}

func TestAFindingIsHandedOnAtOnceAndAFlowWithIt(t *testing.T) {
	var w counting
	r := New(&w)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(r.Begin(sampleMeta()))
	if w.writes != 1 {
		t.Errorf("the meta record took %d writes", w.writes)
	}
	must(r.Flow(sampleFlow(), nil))
	if w.writes != 1 {
		t.Error("a flow was handed on alone")
	}
	must(r.Finding(sampleFinding()))
	if got := strings.Count(w.String(), "\n"); w.writes != 2 || got != 3 {
		t.Errorf("%d lines in %d writes, want 3 in 2", got, w.writes)
	}
	must(r.Service(&answer.Service{}))
	must(r.End(sampleStats()))
	if got := strings.Count(w.String(), "\n"); got != 5 {
		t.Errorf("%d lines at the end, want 5", got)
	}
}

func TestAWriteErrorComesBack(t *testing.T) {
	r := New(failing{})
	if err := r.Begin(&report.Meta{}); err == nil {
		t.Error("no error from Begin")
	}
	if err := r.Finding(&finding.Finding{}); err == nil {
		t.Error("no error from Finding")
	}
	if err := r.Flow(&fact.Flow{}, nil); err == nil {
		t.Error("no error from Flow after a failure")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, bytes.ErrTooLarge }
