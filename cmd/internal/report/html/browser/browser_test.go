package browser

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chokepoint/pcaps/hostile"
)

// recordings are one of each sort of page, below pcaps.
var recordings = []string{
	"whatsapp-denied-and-dropped/client.pcapng",
	"whatsapp-reset-race/client.pcapng",
	"dns-double-answer/client.pcapng",
	"telegram-policed/client.pcapng",
	"everything-works/client.pcapng",
	"recorded/shaped-after-burst/client.pcapng.zst",
	"recorded/call-burst-loss/client.pcapng.zst",
	"recorded/freeze-quic/client.pcapng.zst",
	"recorded/page-redirect-race/client.pcapng.zst",
	"recorded/capture-up-only/client.pcapng.zst",
}

// record is what the test reads of records.
type record struct {
	Type, ID, Kind, Verdict, Service, Status string
	Packets                                  []uint64
}

// build returns the path of the program.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chokepoint")
	cmd := exec.Command("go", "build", "-o", path, "chokepoint/cmd/chokepoint")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// report writes a page, and returns the records of the same run.
func report(t *testing.T, program, page string, args ...string) []record {
	t.Helper()
	cmd := exec.Command(program, append([]string{"analyze", "-q", "--html", page, "--json"}, args...)...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, complaints.Bytes())
	}
	var list []record
	for line := range bytes.Lines(out) {
		r := record{}
		if json.Unmarshal(line, &r) == nil { // those of other shapes are not asked for
			list = append(list, r)
		}
	}
	return list
}

// TestReportsInABrowser looks at the pages of ten captures, half of them redacted, at one
// of two captures, and at one of a capture whose names are attacks.
func TestReportsInABrowser(t *testing.T) {
	need(t)
	program, dir := build(t), t.TempDir()
	var pages []string
	var records [][]record
	add := func(name string, args ...string) {
		page := filepath.Join(dir, name+".html")
		records = append(records, report(t, program, page, args...))
		pages = append(pages, page)
	}
	for i, r := range recordings {
		args := []string{"--full", filepath.Join("../../../../../pcaps", r)}
		add(filepath.Base(filepath.Dir(r)), args[i%2:]...)
	}
	add("two", "../../../../../pcaps/telegram-policed/client.pcapng", "../../../../../pcaps/everything-works/client.pcapng")
	attack, err := hostile.Capture()
	if err != nil {
		t.Fatal(err)
	}
	capture := filepath.Join(dir, hostile.File)
	if err := os.WriteFile(capture, attack, 0o600); err != nil {
		t.Fatal(err)
	}
	add("hostile", "--full", capture)
	for i, s := range look(t, pages...) {
		t.Run(strings.TrimSuffix(filepath.Base(pages[i]), ".html"), func(t *testing.T) {
			quiet(t, &s)
			readable(t, &s)
			usable(t, &s)
			found(t, &s, records[i])
			if strings.HasSuffix(pages[i], "two.html") {
				return // the second answer is below the first
			}
			answered(t, &s, records[i])
			if strings.HasSuffix(pages[i], "hostile.html") && len(s.Findings) < len(hostile.Names) {
				t.Errorf("%d findings tell of %d attacks", len(s.Findings), len(hostile.Names))
			}
		})
	}
}

// none fails with each thing that should not have been.
func none(t *testing.T, what string, list []string) {
	t.Helper()
	for _, s := range list {
		t.Errorf("%s: %s", what, s)
	}
}

// quiet: a page asks for nothing, runs nothing but its own, and complains of nothing.
func quiet(t *testing.T, s *saw) {
	none(t, "console", s.Notes.Console)
	none(t, "page error", s.Notes.Errors)
	none(t, "against its own policy", s.Notes.Violations)
	none(t, "request", s.Notes.Requests)
	none(t, "dialog", s.Notes.Dialogs)
	none(t, "popup", s.Notes.Popups)
	none(t, "left in the global scope", s.Strangers)
	none(t, "not of ours", s.Alien)
}

// readable: nothing is cut off or too small, at the desk, on a phone and on paper.
func readable(t *testing.T, s *saw) {
	for size, l := range map[string]layout{"desktop": s.Desktop, "phone": s.Phone} {
		if l.Sideways > 0 {
			t.Errorf("%s: scrolls %d pixels sideways: %v", size, l.Sideways, l.Wide)
		}
		for of, px := range l.Small {
			t.Errorf("%s: text of %.1f pixels in %s", size, px, of)
		}
	}
	none(t, "printed", s.Printed)
	none(t, "a barrier", s.Barriers)
	none(t, "a barrier in the dark", s.Dark)
	if s.Colours["light"] < 200 || s.Colours["dark"] > 60 || s.Colours["auto"] != s.Colours["light"] {
		t.Errorf("brightness of the page by theme: %v", s.Colours)
	}
}

// usable: without a mouse all can be reached, and flows sorted; with one, plots zoom.
func usable(t *testing.T, s *saw) {
	at := -1
	for _, control := range []string{"skip", "nav", "theme", "search", "filter", "sort"} {
		i := slices.Index(s.Keys.Order, control)
		if i <= at {
			t.Errorf("by Tab come %v: %s is missing or too early", s.Keys.Order, control)
		}
		at = i
	}
	none(t, "the focus does not show on", s.Keys.Unseen)
	if len(s.Keys.Sorted) != 3 {
		t.Fatalf("flows were sorted %d times", len(s.Keys.Sorted)-1)
	}
	before, up, down := s.Keys.Sorted[0], s.Keys.Sorted[1], s.Keys.Sorted[2]
	if slices.IsSorted(before.First) {
		t.Error("flows were sorted by that column already: this tests nothing")
	}
	if up.Sort != "ascending" || !slices.IsSorted(up.First) {
		t.Errorf("%s: %v", up.Sort, up.First)
	}
	slices.Reverse(down.First)
	if down.Sort != "descending" || !slices.IsSorted(down.First) {
		t.Errorf("%s, from its end: %v", down.Sort, down.First)
	}
	if r := s.Search; r == nil || r.First == 0 || r.Then != 0 || r.Last != r.First {
		t.Errorf("rows while searching: %+v", r)
	}
	for _, p := range s.Plots {
		if p.Inked < 20 {
			t.Errorf("plot %s has %d pixels with a colour", p.Of, p.Inked)
		}
	}
	if len(s.Plots) == 0 {
		return
	}
	if z := s.Zoom; z == nil || z.Then[0] <= z.First[0] || z.Then[1] >= z.First[1] || z.Last != z.First {
		t.Errorf("zoom: %+v", z)
	}
}

// answered: the first screen says what the records say.
func answered(t *testing.T, s *saw, records []record) {
	const fold = 800 // pixels of a small laptop's window
	if h := s.Answer.Headline; h == nil || h.Text == "" || h.Bottom > fold/2 {
		t.Errorf("headline: %+v", h)
	}
	if !strings.Contains(s.Answer.Title, "chokepoint") || len(s.Answer.Title) < len("chokepoint")+3 {
		t.Errorf("title: %q", s.Answer.Title)
	}
	status := map[string]int{}
	for _, c := range s.Answer.Cards {
		status[c.Status]++
		if c.Bottom > fold {
			t.Errorf("card %q ends at %d pixels: not on the first screen", c.Text, c.Bottom)
		}
	}
	told := 0
	for _, r := range records {
		if r.Type != "service" {
			continue
		}
		told++
		if r.Status != "ok" && r.Status != "unseen" {
			if status[r.Status]--; status[r.Status] < 0 {
				t.Errorf("no card says that %s is %s", r.Service, r.Status)
			}
		}
	}
	for _, bad := range []string{"blocked", "throttled", "degraded", "failing", "inconclusive"} {
		if status[bad] > 0 {
			t.Errorf("%d cards too many are %s", status[bad], bad)
		}
	}
	if told == 0 {
		t.Error("no record tells of a service: this tests nothing")
	}
}

// found: each finding that accuses is there, its ladders mark its packets and no other,
// and rates have plots.
func found(t *testing.T, s *saw, records []record) {
	last := map[string]record{}
	for _, r := range records {
		if r.Type == "finding" {
			last[r.ID] = r
		}
	}
	met := map[string]bool{}
	for _, f := range s.Findings {
		r, ok := last[f.ID]
		if !ok || met[f.ID] {
			t.Errorf("%s is in no record, or shown twice", f.ID)
		}
		met[f.ID] = true
		slices.Sort(f.Marked)
		if want := slices.Sorted(slices.Values(r.Packets)); !slices.Equal(f.Marked, want) || len(f.Elsewhere) > 0 {
			t.Errorf("%s %s: ladders mark %v, beside them stand %v; the record names %v", f.ID, r.Kind, f.Marked, f.Elsewhere, want)
		}
		if f.Seen != len(f.Marked) {
			t.Errorf("%s: %d of %d marked rows can be seen", f.ID, f.Seen, len(f.Marked))
		}
		if strings.HasPrefix(r.Kind, "rate.") && len(f.Plots) < 2 {
			t.Errorf("%s %s has these plots: %v", f.ID, r.Kind, f.Plots)
		}
	}
	for id, r := range last {
		if slices.Contains([]string{"confirmed", "likely", "suspected"}, r.Verdict) && !met[id] {
			t.Errorf("%s, %s %s, is not shown", id, r.Verdict, r.Kind)
		}
	}
}
