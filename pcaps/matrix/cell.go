package matrix

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify/finding"
	"chokepoint/pcaps"
	"chokepoint/pcaps/score"
	"chokepoint/pcaps/truth"
	"chokepoint/pcaps/vary"
)

// Cell is one capture in one column. It is also how played ones are kept.
type Cell struct {
	Lines  []string `yaml:"lines,flow"`
	Case   string   `yaml:"case"`
	File   string   `yaml:"file"`
	Column string   `yaml:"column"`
	// Demand is what the truth demands of the capture at least, "" nothing; Reached
	// is what is said of that, or the surest thing that is said where nothing is
	// demanded.
	Demand  finding.Verdict `yaml:"demand,omitempty"`
	Reached finding.Verdict `yaml:"reached,omitempty"`
	// Wrong is what must not be said, or not so surely; Short what is not said, or not
	// surely enough.
	Wrong []string `yaml:"wrong,omitempty"`
	Short []string `yaml:"short,omitempty"`
}

// Met reports whether all is well.
func (c *Cell) Met() bool { return len(c.Wrong)+len(c.Short) == 0 }

// Judged is the cell of a capture that was played for a column.
func Judged(c *pcaps.Case, f pcaps.File, name string) (Cell, error) {
	at, ok := column(name)
	if !ok {
		return Cell{}, fmt.Errorf("there is no column %q", name)
	}
	packets, ifs, err := packetsOf(f)
	if err != nil {
		return Cell{}, err
	}
	said, err := score.Observe(vary.Replay(packets, ifs))
	if err != nil {
		return Cell{}, err
	}
	return judge(c, f.Name, &columns[at], said), nil
}

// judge holds what was said of a capture against what is true of it.
func judge(c *pcaps.Case, file string, col *Column, said *score.Observed) Cell {
	j := score.Judge(c.Name, file, &c.Truth, said)
	out := Cell{Lines: c.Truth.Cases, Case: c.Name, File: file, Column: col.Name, Wrong: j.Wrong()}
	out.Demand, out.Reached = reached(&c.Truth, file, said)
	if col.Same {
		for i := range j.Wants {
			if w := &j.Wants[i]; w.Outcome != score.Got {
				out.Short = append(out.Short, fmt.Sprintf("%s of %s is %s", w.Kind, orNone(w.Service), w.Outcome))
			}
		}
	}
	return out
}

func orNone(service string) string {
	if service == "" {
		return "no service"
	}
	return service
}

// reached is the least of what is demanded of a file and of what is said of that. Of
// one of which nothing is demanded it is the surest finding of all.
func reached(t *truth.Truth, file string, said *score.Observed) (demand, got finding.Verdict) {
	surest := func(about func(*score.Found) bool) (v finding.Verdict) {
		for i := range said.Findings {
			if f := &said.Findings[i]; f.Verdict != finding.Withdrawn && about(f) && (v == "" || f.Verdict.Rank() > v.Rank()) {
				v = f.Verdict
			}
		}
		return v
	}
	wanted := false
	for i := range t.Finds {
		m := &t.Finds[i]
		if !slices.Contains(m.Files, file) && (len(m.Files) > 0 || file != clientFile) {
			continue
		}
		v := surest(func(f *score.Found) bool { return slices.Contains(m.Kinds, f.Kind) && m.Service == f.Service })
		if !wanted || v.Rank() < got.Rank() {
			got = v
		}
		if !wanted || m.AtLeast.Rank() < demand.Rank() {
			demand = m.AtLeast
		}
		wanted = true
	}
	if wanted {
		return demand, got
	}
	return "", surest(func(*score.Found) bool { return true })
}

// clientFile is the capture that truths speak of when they name none.
const clientFile = "client.pcapng"

// row is one capture in all columns that it can be given afterwards.
func row(c *pcaps.Case, f pcaps.File) ([]Cell, error) {
	packets, ifs, err := packetsOf(f)
	if err != nil {
		return nil, fmt.Errorf("%s/%s: %w", c.Name, f.Name, err)
	}
	var out []Cell
	var whole *score.Observed
	for i := range columns {
		col := &columns[i]
		if col.Played {
			continue
		}
		said, err := score.Observe(vary.Replay(col.apply(packets), ifs))
		if err != nil {
			return nil, fmt.Errorf("%s/%s, %s: %w", c.Name, f.Name, col.Name, err)
		}
		if whole == nil {
			whole = said
		}
		score.Adopt(said, whole)
		cell := judge(c, f.Name, col, said)
		if !col.Same {
			cell.lessened(whole, said)
		}
		out = append(out, cell)
	}
	return out, nil
}

// lessened holds a capture that shows less against the whole one: nothing is said
// more surely of it, and where something is said less surely it says what was hidden.
func (c *Cell) lessened(whole, said *score.Observed) {
	for _, w := range score.Surer(whole, said) {
		if !slices.Contains(c.Wrong, w) {
			c.Wrong = append(c.Wrong, w)
		}
	}
	if lost := len(score.Surer(said, whole)) > 0; lost && len(said.Blind) == 0 && said.Flows > 0 {
		c.Short = append(c.Short, "it does not say what it could not see")
	}
}

func packetsOf(f pcaps.File) ([]capture.Packet, []capture.Interface, error) {
	src, err := pcapfile.New(bytes.NewReader(f.Bytes), f.Name, pcapfile.Options{})
	if err != nil {
		return nil, nil, err
	}
	defer src.Close()
	packets, err := vary.ReadAll(src)
	return packets, src.Interfaces(), err
}

// why is what is not as it should be.
func (c *Cell) why() string { return strings.Join(slices.Concat(c.Wrong, c.Short), "; ") }
