package score

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Swept is a play of a setting that was drawn at random.
type Swept struct {
	Run
	What    string            // the setting
	Classes map[string]string // by what settings are told apart: "congestion" is "bbr"
	Kept    string            // where its captures are; "": they are not
}

// Sweep is plays of settings that nobody thought of.
type Sweep []Swept

// farOff is how far a rate may be off that is said as likely or surer before somebody
// should look at the play: a little more than the width of a rate cluster (5 %).
const farOff = 0.06

// Rates is by how much rates are off that are said as likely or surer.
func (s *Swept) rates() (off []float64) {
	for i := range s.Judgements {
		for k := range s.Judgements[i].Claims {
			if c := &s.Judgements[i].Claims[k]; c.Rated && c.Accuses {
				off = append(off, c.RateOff)
			}
		}
	}
	return off
}

// WorthKeeping reports a play at which somebody should look.
func (s *Swept) WorthKeeping() bool {
	return s.Wanting() || slices.ContainsFunc(s.rates(), func(off float64) bool { return off > farOff })
}

// swept is how settings of a class did.
type swept struct {
	plays, starved        int
	wanted, found, weaker int
	late                  Share // found of wanted in plays that starved
	unasked               int   // plays in which no policer had to be found, and one was
	wrong                 int   // plays with a false claim
	off                   []float64
}

func (c *swept) count(s *Swept) {
	if s.Starved == "" {
		c.plays++
	} else {
		c.starved++
	}
	wrong, wants := 0, 0
	for i := range s.Judgements {
		j := &s.Judgements[i]
		wrong += len(j.Wrong())
		for k := range j.Wants {
			wants++
			if s.Starved == "" {
				c.want(&j.Wants[k])
			} else {
				c.late.count(j.Wants[k].Outcome == Got)
			}
		}
	}
	c.wrong += min(wrong, 1)
	if s.Starved == "" {
		off := s.rates()
		c.off = append(c.off, off...)
		if wants == 0 {
			c.unasked += min(len(off), 1)
		}
	}
}

func (c *swept) want(w *Want) {
	c.wanted++
	switch w.Outcome {
	case Got:
		c.found++
	case Weaker:
		c.weaker++
	case Missed:
	}
}

func (c *swept) row(axis, name string) []string {
	return []string{axis, name, count(c.plays), count(c.starved), count(c.wanted), count(c.found), count(c.weaker),
		count(c.wanted - c.found - c.weaker), count(c.unasked), fraction(c.late), count(c.wrong), off(c.off)}
}

// Markdown is how the settings did, by class, and which somebody should look at.
func (s Sweep) Markdown() string {
	var b strings.Builder
	all := swept{}
	by := map[[2]string]*swept{}
	for i := range s {
		all.count(&s[i])
		for axis, name := range s[i].Classes {
			key := [2]string{axis, name}
			if by[key] == nil {
				by[key] = &swept{}
			}
			by[key].count(&s[i])
		}
	}
	rows := table{{"", "", "plays", "starved", "wanted", "found", "weaker", "missed", "found unasked", "found when starved", "plays with a false claim", "rate off by (median, p90)"}}
	rows = append(rows, all.row("all", ""))
	for _, key := range slices.SortedFunc(maps.Keys(by), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), natural(a[1], b[1])) }) {
		rows = append(rows, by[key].row(key[0], key[1]))
	}
	section(&b, "Rates drawn at random", rows)
	lines(&b, "False claims", s.False())
	lines(&b, fmt.Sprintf("Rates off by more than %.0f %%", 100*farOff), s.far())
	lines(&b, "Not found, or not surely", s.short())
	lines(&b, "Starved, so that only what is falsely said counts", s.starved())
	return b.String()
}

func lines(b *strings.Builder, title string, of []string) {
	fmt.Fprintf(b, "\n%s: %d.\n", title, len(of))
	for _, line := range of {
		fmt.Fprintf(b, "- %s\n", line)
	}
}

// False are the false claims of all plays, each with its setting.
func (s Sweep) False() (out []string) {
	for i := range s {
		for _, claim := range (Runs{s[i].Run}).False() {
			out = append(out, s[i].told(claim))
		}
	}
	slices.Sort(out)
	return out
}

// far are the rates that are off by more than they should be.
func (s Sweep) far() (out []string) {
	for i := range s {
		for k := range s[i].Judgements {
			j := &s[i].Judgements[k]
			for c := range j.Claims {
				if c := &j.Claims[c]; c.Rated && c.Accuses && c.RateOff > farOff {
					out = append(out, s[i].told(fmt.Sprintf("%s/%s: %s %s off by %.1f %%; flows %s", s[i].Case, j.File, c.Verdict, c.Kind,
						100*c.RateOff, strings.Join(c.Flows, " "))))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// short is what had to be found and was not, in plays that count.
func (s Sweep) short() (out []string) {
	for i := range s {
		for k := range s[i].Judgements {
			j := &s[i].Judgements[k]
			for w := range j.Wants {
				if w := &j.Wants[w]; w.Outcome != Got && s[i].Starved == "" {
					out = append(out, s[i].told(fmt.Sprintf("%s/%s: %s", s[i].Case, j.File, w.Outcome)))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func (s Sweep) starved() (out []string) {
	for i := range s {
		if s[i].Starved != "" {
			out = append(out, s[i].Case+": "+s[i].Starved)
		}
	}
	slices.Sort(out)
	return out
}

// told adds the setting and where the captures are.
func (s *Swept) told(what string) string {
	what += ": " + s.What
	if s.Starved != "" {
		what += "; starved"
	}
	if s.Kept != "" {
		what += "; " + s.Kept
	}
	return what
}
