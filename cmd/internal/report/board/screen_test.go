package board

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
)

// glass is a terminal that knows the sequences that are sent, and complains of
// any other.
type glass struct {
	t             *testing.T
	columns, rows int
	lines         []string // the whole screen
	row           int
	column        int
	scrolled      int
	writes        int
	rewritten     int // bytes of text
}

func newGlass(t *testing.T, columns, rows int) *glass {
	return &glass{t: t, columns: columns, rows: rows, lines: make([]string, rows)}
}

var sequence = regexp.MustCompile(`^\x1b\[(\d*)([AHJKm])`)

// Write implements io.Writer.
func (g *glass) Write(b []byte) (int, error) {
	g.writes++
	for s := string(b); s != ""; {
		switch m := sequence.FindStringSubmatch(s); {
		case m != nil:
			g.obey(m[2], m[1])
			s = s[len(m[0]):]
		case s[0] == '\r':
			g.column, s = 0, s[1:]
		case s[0] == '\n': // the terminal's line discipline makes it CR LF
			if g.row++; g.row == g.rows {
				g.row--
				g.lines = append(g.lines[1:], "")
				g.scrolled++
			}
			g.column, s = 0, s[1:]
		case s[0] < ' ':
			g.t.Fatalf("unknown: %q", s)
		default:
			end := strings.IndexAny(s, "\x1b\r\n")
			if end < 0 {
				end = len(s)
			}
			g.put(s[:end])
			s = s[end:]
		}
	}
	return len(b), nil
}

func (g *glass) put(text string) {
	g.rewritten += len(text)
	n := len([]rune(text))
	if g.column+n > g.columns {
		g.t.Fatalf("%q at column %d is wrapped", text, g.column)
	}
	old := []rune(g.lines[g.row] + strings.Repeat(" ", g.columns))
	copy(old[g.column:], []rune(text))
	g.lines[g.row] = strings.TrimRight(string(old), " ")
	g.column += n
}

func (g *glass) obey(what, n string) {
	count, _ := strconv.Atoi(n)
	switch what {
	case "A":
		if g.row -= count; g.row < 0 {
			g.t.Fatal("above the screen")
		}
	case "H":
		g.row, g.column = 0, 0
	case "K":
		g.lines[g.row] = string([]rune(g.lines[g.row] + strings.Repeat(" ", g.columns))[:g.column])
	case "J":
		clear(g.lines[g.row+1:])
		g.obey("K", "")
	}
}

// shows compares the screen.
func (g *glass) shows(above []string, table []string) {
	g.t.Helper()
	want := append(slices.Clone(above), table...)
	got := slices.Clone(g.lines)
	for len(got) > 0 && got[len(got)-1] == "" && len(got) > len(want) {
		got = got[:len(got)-1]
	}
	if !slices.Equal(got, want) {
		g.t.Fatalf("shown\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTheTableIsRewrittenInPlace(t *testing.T) {
	g := newGlass(t, 80, 25)
	size := [2]int{80, 25}
	fmt.Fprint(g, "$ chokepoint watch -i eth0\n")
	b := New(g, Options{Size: func() (int, int) { return size[0], size[1] }}, silent{w: g})
	check(t, b.Begin(meta("eth0")))
	above := []string{"$ chokepoint watch -i eth0"}
	now := func() []string { return b.view(79, 24) }

	b.Reached(moment(0, 10, 0, 0))
	g.shows(above, now())
	first := g.writes
	b.Reached(moment(0.5, 20, 0, 0)) // too early to be drawn
	if g.writes != first {
		t.Error("drawn twice in a second")
	}
	check(t, b.Service(says("max", "MAX", answer.OK, "MAX: works", "chat", "ok")))
	b.Reached(moment(1, 30, 0, 0))
	g.shows(above, now())

	g.rewritten = 0
	b.Reached(moment(2, 30, 0, 0)) // the clock moved, and nothing else
	if head := len(now()[0]); g.rewritten != head {
		t.Errorf("%d bytes were written for a line of %d", g.rewritten, head)
	}
	g.shows(above, now())

	b.Key('?') // more lines, then fewer
	b.Reached(moment(2.1, 30, 0, 0))
	b.Key('f')
	for i := range 5 {
		check(t, b.Flow(flowTo(i+1, "max", "example.org"), nil))
	}
	b.Reached(moment(2.2, 30, 0, 0))
	g.shows(above, now())
	b.Key('f')
	b.Key('x') // stands for nothing
	b.Reached(moment(2.3, 30, 0, 0))
	g.shows(above, now())
	if g.scrolled != 0 {
		t.Errorf("scrolled by %d lines", g.scrolled)
	}

	b.Aside(func() { fmt.Fprint(g, "chokepoint: warning: eth0 went down\n") })
	above = append(above, "chokepoint: warning: eth0 went down")
	g.shows(above, now())

	size = [2]int{60, 20} // the terminal is another now
	g.columns, g.rows, g.lines = 60, 20, g.lines[:20]
	b.Reached(moment(4, 30, 0, 0))
	g.shows(nil, b.view(59, 19))

	check(t, b.End(nil))
	g.shows([]string{"the answer"}, nil)
	b.Aside(func() { fmt.Fprint(g, "late\n") })
	b.Reached(moment(9, 30, 0, 0))
	b.Leave()
	g.shows([]string{"the answer", "late"}, nil)
}

// A table as high as the terminal scrolls it once, when it appears, and not again.
func TestAHighTableDoesNotScroll(t *testing.T) {
	g := newGlass(t, 80, 12)
	b := New(g, Options{Size: fixed(80, 12)}, silent{w: g})
	check(t, b.Begin(meta("eth0")))
	for i := range 30 {
		check(t, b.Service(says(fmt.Sprint("s", i), "", answer.Failing, "fails", "chat", "failing")))
		check(t, b.Finding(found(fmt.Sprint("f", i), finding.DropConnect, finding.Likely, fmt.Sprint("s", i), 1, "c1")))
	}
	for i := range 20 {
		b.Reached(moment(float64(i), uint64(i), 0, 0))
	}
	g.shows(nil, b.view(79, 11))
	if g.scrolled != 0 {
		t.Errorf("scrolled by %d lines", g.scrolled)
	}
}

func TestWordsAreColouredOnlyWhenAsked(t *testing.T) {
	for _, colour := range []bool{false, true} {
		b := New(nil, Options{Size: fixed(80, 25), Color: colour}, silent{})
		check(t, b.Begin(meta("eth0")), b.Service(says("max", "MAX", answer.Blocked, "MAX: blocked", "chat", "blocked")))
		text := strings.Join(b.view(79, 24), "\n")
		if strings.Contains(text, "\x1b[31mBLOCKED\x1b[0m") != colour || strings.Contains(text, "\x1b") != colour {
			t.Errorf("colour %v: %q", colour, text)
		}
	}
}

func TestATimeThatStepsBackIsDrawnToo(t *testing.T) {
	g := newGlass(t, 80, 25)
	b := New(g, Options{Size: fixed(80, 25)}, silent{})
	check(t, b.Begin(meta("eth0")))
	b.Reached(moment(1000, 1, 0, 0))
	n := g.writes
	b.Reached(Moment{First: start, Now: at(1000).Add(-time.Hour), Packets: 2})
	if g.writes == n {
		t.Error("the table stands still for an hour")
	}
}
