package foreign

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"

	"chokepoint/classify/finding"
)

// Report is what the tool says of a folder of captures, beside what was read.
type Report struct {
	Readings *Readings
	Captures []*Said
}

// Of analyses the captures below a folder that are not left out.
func Of(dir string) (*Report, error) {
	r, err := Written()
	if err != nil {
		return nil, err
	}
	return r.Read(dir)
}

// Read analyses the captures below a folder beside these readings.
func (r *Readings) Read(dir string) (*Report, error) {
	all, err := names(dir)
	if err != nil {
		return nil, err
	}
	out := &Report{Readings: r}
	for _, name := range all {
		if r.leftOut(name) {
			continue
		}
		s, err := read(dir, name)
		if err != nil {
			return nil, err
		}
		out.Captures = append(out.Captures, s)
	}
	return out, nil
}

// asks reports a claim that somebody has to explain: where somebody interferes
// every suspicion, elsewhere every accusation.
func (r *Report) asks(s *Said, c *Told) bool {
	least := finding.Likely
	if r.Readings.interferes(s.Name) {
		least = finding.Suspected
	}
	return c.Verdict.Rank() >= least.Rank()
}

// Broken lists what is not as it was read, as sentences: claims without a reading,
// claims that came, went or show other packets, and readings of files that are not
// there.
func (r *Report) Broken() (broken []string) {
	say := func(format string, args ...any) { broken = append(broken, fmt.Sprintf(format, args...)) }
	there := map[string]bool{}
	for _, s := range r.Captures {
		there[s.Digest] = true
		for i := range s.Claims {
			if c := &s.Claims[i]; r.asks(s, c) && r.Readings.of(s.Digest, c.Flow) == nil {
				say("%s (%s) %s: nobody has explained %s: %s", s.Name, s.Digest, c.Flow, c.Claim.String(), c.Summary)
			}
		}
	}
	for i := range r.Readings.Readings {
		x := &r.Readings.Readings[i]
		if !there[x.Digest] {
			say("%s (%s) is not in the folder", x.File, x.Digest)
			continue
		}
		if got := r.claims(x); !slices.EqualFunc(got, x.Found, sameClaim) {
			say("%s %s: it says %s; when it was read, it said %s", x.File, x.Flow, listed(got), listed(x.Found))
		}
	}
	return broken
}

func sameClaim(a, b Claim) bool {
	return a.Kind == b.Kind && a.Verdict == b.Verdict && slices.Equal(a.Packets, b.Packets)
}

// claims is what the tool says of the flow of a reading. The same file may be in
// the folder more than once.
func (r *Report) claims(x *Reading) (out []Claim) {
	for _, s := range r.Captures {
		if s.Digest != x.Digest {
			continue
		}
		for i := range s.Claims {
			if c := &s.Claims[i]; c.Flow == x.Flow && r.asks(s, c) {
				out = append(out, c.Claim)
			}
		}
		break
	}
	return out
}

func listed(cs []Claim) string {
	if len(cs) == 0 {
		return "nothing"
	}
	return fmt.Sprint(cs)
}

// Unexplained are accusations that are neither of something injected nor made up.
func (r *Report) Unexplained() (out []string) {
	for _, s := range r.Captures {
		for i := range s.Claims {
			c := &s.Claims[i]
			if c.Verdict.Rank() < finding.Likely.Rank() {
				continue
			}
			if x := r.Readings.of(s.Digest, c.Flow); x == nil || x.Truth == Genuine || x.Truth == CannotTell {
				out = append(out, s.Name+" "+c.Flow)
			}
		}
	}
	return out
}

// Renewed is the readings as YAML, with what the tool says now.
func (r *Report) Renewed() string {
	out := *r.Readings
	out.Readings = slices.Clone(r.Readings.Readings)
	for i := range out.Readings {
		out.Readings[i].Found = r.claims(&out.Readings[i])
	}
	text, err := yaml.MarshalWithOptions(&out, yaml.UseLiteralStyleIfMultiline(true))
	if err != nil {
		panic(err) // strings and numbers
	}
	return string(text)
}
