package score

import (
	"context"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// ranks is how many steps [finding.Verdict.Rank] has.
const ranks = 5

// Found is the last revision of a finding.
type Found struct {
	finding.Finding
	// Reached is when the finding was first that sure, by rank. Ranks that it never
	// had are zero.
	Reached [ranks]Moment
}

// Moment is how far a capture had been read.
type Moment struct {
	Time int64 // of the last packet read, ns since the epoch; 0: never
	End  bool  // the capture was over
}

// Observed is what the tool said of one capture.
type Observed struct {
	Findings []Found           // in the order in which they were first told
	Status   map[string]string // by service
	Flows    int
	Aborted  int      // flows of TCP that a reset ended, whoever sent it
	Blind    []string // what could not be seen of any flow, in the records' words
}

// Observe analyses a capture. To be exact about when something was said, it should
// come in batches of one packet.
func Observe(src capture.Source) (*Observed, error) {
	o := &observer{at: map[string]int{}, said: &Observed{Status: map[string]string{}}, clock: &clocked{Source: src}}
	stats, err := classify.Run(context.Background(), o.clock, o, classify.Options{Workers: 1, Seed: 1})
	o.said.Flows, o.said.Blind = int(stats.Flows), o.blind.Names()
	return o.said, err
}

// clocked is a source that knows how far it was read. With one worker sinks are
// called before the next read.
type clocked struct {
	capture.Source
	now Moment
}

func (c *clocked) Read(b *capture.Batch) error {
	err := c.Source.Read(b)
	for i := range b.Packets {
		c.now.Time = max(c.now.Time, b.Packets[i].Time)
	}
	c.now.End = err != nil
	return err
}

// observer is a sink.
type observer struct {
	clock *clocked
	said  *Observed
	at    map[string]int // index of a finding by its id
	blind fact.Blindness
}

func (o *observer) Flow(f *fact.Flow, _ []string) error {
	if f.ResetCount[fact.Up]+f.ResetCount[fact.Down] > 0 {
		o.said.Aborted++
	}
	o.blind |= f.Blind
	return nil
}

func (o *observer) Finding(f *finding.Finding) error {
	i, known := o.at[f.ID]
	if !known {
		i = len(o.said.Findings)
		o.at[f.ID] = i
		o.said.Findings = append(o.said.Findings, Found{})
	}
	found := &o.said.Findings[i]
	found.Finding = *f
	for rank := range f.Verdict.Rank() + 1 {
		if found.Reached[rank].Time == 0 {
			found.Reached[rank] = o.clock.now
		}
	}
	return nil
}

func (o *observer) Service(s *answer.Service) error {
	o.said.Status[s.Service] = string(s.Status)
	return nil
}
