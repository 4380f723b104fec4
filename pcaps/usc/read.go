package usc

import (
	"bufio"
	"context"
	"os"
	"path/filepath"

	"github.com/ulikunitz/xz"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// View is where a capture was taken, or is made to have been.
type View string

// The views.
const (
	Server View = "server"
	Client View = "client"
)

// Said is what the tool says of a capture from one view.
type Said struct {
	Settings
	View     View
	Findings []finding.Finding // of policing, as told last, suspected or surer
	Chunks   []Chunk           // of one player: responses; of two: busy periods of both
}

// Chunk is one stretch with enough losses to be judged.
type Chunk struct {
	Lost    int
	Policed bool
	Codes   [][2]uint8 // of each part
}

// read unpacks a capture.
func read(path string) ([]capture.Packet, []capture.Interface, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	z, err := xz.NewReader(bufio.NewReader(f))
	if err != nil {
		return nil, nil, err
	}
	src, err := pcapfile.New(z, path, pcapfile.Options{})
	if err != nil {
		return nil, nil, err
	}
	defer src.Close()
	return capturetest.Load(src)
}

// batch is how many packets the engine is given at a time.
const batch = 512

// analyse runs the whole engine over a capture of these settings.
func analyse(s Settings, v View, packets []capture.Packet, ifs []capture.Interface) (*Said, error) {
	l := &listener{at: map[string]int{}, made: map[string]classify.Made{}}
	src := &capturetest.Source{Packets: packets, Ifs: ifs, Batch: batch}
	opt := classify.Options{Workers: 1, Seed: 1, Asked: &classify.Asked{All: true, Tell: l.tell}}
	if _, err := classify.Run(context.Background(), src, l, opt); err != nil {
		return nil, err
	}
	out := &Said{Settings: s, View: v}
	for i := range l.last {
		if f := &l.last[i]; f.Kind == finding.RatePoliced && f.Verdict.Rank() >= finding.Suspected.Rank() {
			out.Findings = append(out.Findings, *f)
		}
	}
	if s.Players > 1 {
		out.Chunks = chunks(l.joint.Judgement.Replays)
		return out, nil
	}
	for _, id := range l.order {
		m := l.made[id]
		out.Chunks = append(out.Chunks, chunks(m.Judgement.Replays)...)
	}
	return out, nil
}

// chunks gathers the parts of each stretch.
func chunks(replays []detect.Replay) (out []Chunk) {
	for i := range replays {
		r := &replays[i]
		if i == 0 || replays[i-1].Stretch != r.Stretch || replays[i-1].Dir != r.Dir {
			out = append(out, Chunk{})
		}
		c := &out[len(out)-1]
		c.Lost += r.Lost
		c.Policed = c.Policed || r.Fits()
		c.Codes = append(c.Codes, r.Codes)
	}
	return out
}

// Both analyses a capture from both views.
func Both(dir string, s Settings) (out []*Said, err error) {
	packets, ifs, err := read(filepath.Join(dir, filepath.FromSlash(s.Name)))
	if err != nil {
		return nil, err
	}
	at := map[View][]capture.Packet{Client: AtClient(packets), Server: packets}
	for _, v := range [...]View{Server, Client} {
		x, err := analyse(s, v, at[v], ifs)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// listener keeps the last word on every finding, and of what the replays made.
type listener struct {
	at    map[string]int
	last  []finding.Finding
	made  map[string]classify.Made // by flow
	order []string                 // of those
	joint classify.Made            // of several flows
}

func (l *listener) tell(m *classify.Made) {
	switch id := m.Flow.String(); m.By {
	case detect.Policed{}.Name():
		if _, known := l.made[id]; !known {
			l.order = append(l.order, id)
		}
		if len(m.Judgement.Replays) > 0 || !m.Unprompted {
			l.made[id] = *m
		}
	case classify.Together:
		l.joint = *m
	}
}

func (l *listener) Flow(*fact.Flow, []string) error { return nil }

func (l *listener) Finding(f *finding.Finding) error {
	i, known := l.at[f.ID]
	if !known {
		i = len(l.last)
		l.at[f.ID], l.last = i, append(l.last, finding.Finding{})
	}
	l.last[i] = *f
	return nil
}

func (l *listener) Service(*answer.Service) error { return nil }
