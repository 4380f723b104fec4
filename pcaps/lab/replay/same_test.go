//go:build linux

package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
	"chokepoint/capture/live"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/pcaps"
	"chokepoint/pcaps/recorded"
)

const (
	// longest a replay may take: longer captures are played faster.
	longest = 3 * time.Second
	// atOnce is how many are played side by side.
	atOnce = 8
)

var backends = []string{live.TCX, live.Clsact, live.AFPacket}

// TestSameAnswerThreeWays plays every bundled capture over a cable that TCX,
// clsact and AF_PACKET watch while a recorder of its own takes it down. All three
// must deliver the recording's packets as the plan cuts them, byte for byte, and
// the engine must say of each what it says of the recording under that plan.
func TestSameAnswerThreeWays(t *testing.T) {
	need(t)
	var all []capturedFile
	for _, load := range []func() ([]pcaps.Case, error){pcaps.Cases, recorded.All} {
		cases, err := load()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			for _, f := range c.Files {
				all = append(all, capturedFile{c.Name + "/" + f.Name, f.Bytes})
			}
		}
	}
	todo := make(chan capturedFile, len(all))
	for _, f := range all {
		todo <- f
	}
	close(todo)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var sum tally
	for i := range atOnce {
		wg.Go(func() {
			s, err := newSession(fmt.Sprint("replay", i))
			if err != nil {
				t.Error(err)
				return
			}
			defer s.close(t)
			for f := range todo {
				got := s.compare(t, f)
				mu.Lock()
				sum.add(got)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	t.Logf("%d captures, %d packets three ways; %d findings alike, of them %d accuse; %d packets of other link types left out",
		len(all), sum.packets, sum.findings, sum.accuse, sum.left)
	if sum.findings == 0 || sum.accuse == 0 {
		t.Error("nothing was found: nothing was compared")
	}
}

type capturedFile struct {
	name  string
	bytes []byte
}

type tally struct{ packets, findings, accuse, left int }

func (t *tally) add(o tally) {
	t.packets += o.packets
	t.findings += o.findings
	t.accuse += o.accuse
	t.left += o.left
}

// load reads a capture.
func (f capturedFile) load() ([]capture.Packet, error) {
	src, err := pcapfile.New(bytes.NewReader(f.bytes), f.name, pcapfile.Options{})
	if err != nil {
		return nil, err
	}
	defer src.Close()
	packets, _, err := capturetest.Load(src)
	return packets, err
}

// stretched gives packets their speed back. Their times are those of the
// recording: each watcher stamps a frame some microseconds apart from it, which a
// capture that was played twenty times too fast would make half a millisecond.
func stretched(clock, packets []capture.Packet, faster float64) []capture.Packet {
	out := slices.Clone(packets)
	for i := range out {
		out[i].Time = clock[0].Time + int64(float64(clock[i].Time-clock[0].Time)*faster)
		out[i].Has &= capture.HasSegs
	}
	return out
}

// teller writes down all that a run tells.
type teller struct {
	text             strings.Builder
	findings, accuse int
}

func (r *teller) Flow(f *fact.Flow, ids []string) error {
	fmt.Fprintf(&r.text, "flow %s %v %v %+v %s %s %s %+v %v %v\n", f.ID, f.Key.SrcAddr(), f.Key.DstAddr(), f.Names,
		f.Label.Service, f.State, f.History, f.Sides, f.Blind.Names(), ids)
	return nil
}

func (r *teller) Finding(f *finding.Finding) error {
	r.findings++
	if f.Verdict.Rank() >= finding.Likely.Rank() {
		r.accuse++
	}
	return json.NewEncoder(&r.text).Encode(f)
}

func (r *teller) Service(s *answer.Service) error { return json.NewEncoder(&r.text).Encode(s) }

func told(packets []capture.Packet) (text string, findings, accuse int) {
	var r teller
	_, err := classify.Run(context.Background(), &capturetest.Source{Packets: packets}, &r, classify.Options{All: true})
	if err != nil {
		fmt.Fprintln(&r.text, err)
	}
	return r.text.String(), r.findings, r.accuse
}

// firstDifference is the first line of a that is not b's.
func firstDifference(a, b string) string {
	la, lb := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range la {
		if i >= len(lb) || la[i] != lb[i] {
			return la[i]
		}
	}
	return "(the end)"
}
