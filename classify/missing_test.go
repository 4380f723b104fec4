package classify

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/internal/corpora"
	"chokepoint/pcaps/vary"
)

// namer holds every finding that tells no more to the law that it names what it lacks,
// in each of its revisions.
type namer struct {
	t     *testing.T
	where string
	met   func(finding.Kind, finding.Input)
}

func (namer) Flow(*fact.Flow, []string) error { return nil }
func (namer) Service(*answer.Service) error   { return nil }

func (n namer) Finding(f *finding.Finding) error {
	open := f.Verdict == finding.Inconclusive
	switch {
	case f.Kind == finding.RateLimited && !open && f.Verdict != finding.Withdrawn:
		n.t.Errorf("%s: %s is %s: a flat rate is inconclusive by what it is", n.where, f.ID, f.Kind)
	case open && len(f.Missing) == 0:
		n.t.Errorf("%s: %s %s is inconclusive and does not say for what: %s", n.where, f.ID, f.Kind, f.Summary)
	case !open && len(f.Missing) > 0:
		n.t.Errorf("%s: %s %s is %s and says that it lacks %v", n.where, f.ID, f.Kind, f.Verdict, f.Missing)
	}
	for _, m := range f.Missing {
		if !slices.Contains(finding.Inputs(), m.Code) || len(strings.Fields(m.Text)) < 3 || m.Settles != m.Code.Settles() {
			n.t.Errorf("%s: %s %s lacks %+v, which is none of the list", n.where, f.ID, f.Kind, m)
		}
		n.met(f.Kind, m.Code)
	}
	return nil
}

// lacked counts what was missing, of captures that are looked at side by side.
type lacked struct {
	sync.Mutex
	kinds  map[finding.Kind]int
	inputs map[finding.Input]int
}

func (l *lacked) met(k finding.Kind, i finding.Input) {
	l.Lock()
	defer l.Unlock()
	l.kinds[k]++
	l.inputs[i]++
}

func newLacked() *lacked {
	return &lacked{kinds: map[finding.Kind]int{}, inputs: map[finding.Input]int{}}
}

// TestInconclusiveFindingsNameWhatIsMissing: of all that is bundled and recorded, as it
// was captured and as somebody else would have captured it.
func TestInconclusiveFindingsNameWhatIsMissing(t *testing.T) {
	all := newLacked()
	t.Run("captures", func(t *testing.T) {
		for _, c := range everyCase(t) {
			for _, f := range c.Files {
				t.Run(c.Name+"/"+f.Name, func(t *testing.T) {
					t.Parallel()
					nameable(t, f.Bytes, all)
				})
			}
		}
	})
	t.Logf("%v %v", all.kinds, all.inputs)
}

// nameable looks at a capture in every variation.
func nameable(t *testing.T, b []byte, all *lacked) {
	src, err := pcapfile.New(bytes.NewReader(b), "test", pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	packets, err := vary.ReadAll(src)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range vary.All() {
		if i > 0 && testing.Short() {
			return
		}
		tell(t, v.Name, vary.Replay(v.Apply(packets), src.Interfaces()), all)
	}
}

func tell(t *testing.T, where string, src capture.Source, all *lacked) {
	defer src.Close()
	_, _ = Run(context.Background(), src, namer{t, where, all.met}, Options{All: true, Seed: 1}) // of a damaged one what was read counts
}

// TestForeignInconclusiveFindingsNameWhatIsMissing is the same law over captures nobody
// here made.
func TestForeignInconclusiveFindingsNameWhatIsMissing(t *testing.T) {
	all := newLacked()
	for _, f := range corpora.Captures(t) {
		src, err := pcapfile.Open(f.Path, pcapfile.Options{})
		if err != nil {
			continue
		}
		tell(t, f.Name, src, all)
	}
	t.Logf("%v %v", all.kinds, all.inputs)
	if len(all.inputs) < 3 {
		t.Errorf("%v: hardly anything is missing in all of them", all.inputs)
	}
}
