package score

import (
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
	"chokepoint/classify/finding"
	"chokepoint/pcaps"

	"github.com/klauspost/compress/zstd"
)

// three are the judgements of three fake recordings: one found, one missed and
// falsely accused, one benign with a false alarm.
func three() []Judgement {
	accusation := func(kind finding.Kind, confidence float64, wrong ...string) Claim {
		return Claim{Kind: kind, Verdict: finding.Confirmed, Confidence: confidence, Accuses: true, True: wrong == nil, Wrong: wrong}
	}
	hit := accusation(finding.ResetInjected, 0.97)
	hit.Touched = Hit
	return []Judgement{
		{Case: "found", Flows: 10, Wants: []Want{{Kind: finding.ResetInjected, Outcome: Got, Timed: true, After: 3e9, AtEnd: true}},
			Claims: []Claim{hit, {Kind: finding.PathLoss, Confidence: 0.99}}, Statuses: []Status{{"a", "ok", []string{"ok"}}}},
		{Case: "missed", Flows: 10, Wants: []Want{{Kind: finding.ResetInjected, Outcome: Missed}, {Kind: finding.RatePoliced, Outcome: Weaker, RateErr: []float64{0.5}}},
			Claims: []Claim{accusation(finding.DropHello, 0.9, "nobody did"), {Kind: finding.ResetInjected, Confidence: 0.6, Touched: NoHit}}},
		{Case: "benign", Flows: 80, Benign: true, Claims: []Claim{accusation(finding.DropHello, 0.85, "nobody did")}, Statuses: []Status{{"a", "ok", []string{"no"}}}},
	}
}

func TestTallied(t *testing.T) {
	s := Tallied(three())
	var kinds []string
	by := map[finding.Kind]Tally{}
	for _, k := range s.Kinds {
		kinds = append(kinds, string(k.Kind))
		by[k.Kind] = k
	}
	if !slices.Equal(kinds, []string{"drop.hello", "rate.policed", "reset.injected"}) {
		t.Errorf("%v: path loss accuses nobody", kinds)
	}
	reset, hello := by[finding.ResetInjected], by[finding.DropHello]
	if reset.Recall != (Share{1, 2}) || reset.Precision != (Share{1, 1}) || reset.Evidence != (Share{1, 2}) || reset.AtEnd != 1 || len(reset.After) != 1 {
		t.Errorf("%+v", reset)
	}
	if hello.Recall != (Share{}) || hello.Precision != (Share{0, 2}) || hello.FalseBenign != 1 || by[finding.RatePoliced].Weaker != 1 {
		t.Errorf("%+v", hello)
	}
	if s.Benign != (Benign{Share{1, 1}, Share{1, 80}}) || s.Statuses != (Share{1, 2}) || s.Broken != 2 {
		t.Errorf("%+v %+v %d", s.Benign, s.Statuses, s.Broken)
	}
	if s.Surest() != (Share{1, 2}) || s.Calibration[1].True != (Share{0, 1}) || s.Calibration[3].True != (Share{0, 1}) {
		t.Errorf("%+v", s.Calibration)
	}
}

func TestQuantiles(t *testing.T) {
	ten := []float64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}
	if m, p := quantile(ten, 0.5), quantile(ten, 0.9); m != 5 || p != 9 || quantile([]float64(nil), 0.5) != 0 || quantile([]float64{4}, 0.9) != 4 {
		t.Errorf("median %v, p90 %v", m, p)
	}
}

func TestFloors(t *testing.T) {
	s := Tallied(three())
	stands := Stands(s)
	if b := stands.Broken(s); len(b) > 0 {
		t.Errorf("a score stands on its own floors: %v", b)
	}
	text, err := stands.YAML()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseFloors([]byte(text))
	if err != nil || len(again.Broken(s)) > 0 || len(again.Kinds) != 3 {
		t.Errorf("%v, %v: %s", again, err, text)
	}
	broken := strings.Join((&Floors{Status: 0.6, Surest: 0.9, Kinds: map[finding.Kind]Floor{
		finding.ResetInjected: {Recall: 0.6, Precision: 1, Evidence: 0.9},
		finding.RatePoliced:   {RateErr: 0.1, BurstErr: 0.1, Precision: 0.5},
		finding.DropCall:      {},
	}}).Broken(s), "\n")
	for _, want := range []string{
		"1 false alarms where nothing was done, at most 0", "2 claims that the truth does not allow, at most 0",
		"1 of 2 of the services", "1 of 2 of the findings with confidence 0.9", "reset.injected: recall is 1 of 2", "reset.injected: evidence is 1 of 2",
		"rate.policed: rate is off by 0.500 (p90 of 1), at most 0.1", "rate.policed: bucket is off by 0.000 (p90 of 0)", "rate.policed: precision is 0 of 0",
		"drop.hello has no floor", "drop.call has a floor, and nothing stands on it",
	} {
		if !strings.Contains(broken, want) {
			t.Errorf("not said: %s", want)
		}
	}
	if n := strings.Count(broken, "\n") + 1; n != 11 {
		t.Errorf("%d complaints: %s", n, broken)
	}
	if _, err := ParseFloors([]byte("precsion: 1\n")); err == nil {
		t.Error("a floor that nobody reads was accepted")
	}
}

func TestThePageTellsIt(t *testing.T) {
	page := Tallied(three()).Markdown()
	for _, want := range []string{
		"| reset.injected | 2 | 1 | 0 | 1 | 50 % | 1 | 0 | 100 % |", "| drop.hello | 0 | 0 | 0 | 0 |  | 2 | 2 | 0 % |",
		"| reset.injected |  |  | 3.0 s | 1 of 1 | 1 of 2 |", "| rate.policed | 50.0 %, 50.0 % |",
		"| false alarms, of the flows | 1 | 80 |", "| 0.9–1.0 | 2 | 1 | 50 % |", "| - | missed | FALSE |",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("not on the page: %s", want)
		}
	}
}

// TestACompressedRecordingIsScored: a fake recording from a story, as the lab packs
// them.
func TestACompressedRecordingIsScored(t *testing.T) {
	cases, err := pcaps.Cases()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(cases, func(c pcaps.Case) bool { return c.Name == "whatsapp-reset-race" })
	c := cases[at]
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Files = []pcaps.File{{Name: "client.pcapng", Bytes: w.EncodeAll(c.Files[0].Bytes, nil)}}
	c.Truth.Cases = []string{"F2"}
	s, err := Of([]pcaps.Case{c})
	if err != nil || len(s.Matrix) != 1 || s.Matrix[0].ID != "F2" || s.Matrix[0].Verdict != Right {
		t.Fatalf("%v, %v", s, err)
	}
	want := s.Captures[0].Wants[0]
	if !want.Timed || want.AtEnd || want.After <= 0 || want.After.Seconds() > 10 {
		t.Errorf("a reset is found at once, not after %v", want.After)
	}
	c.Files[0].Bytes = c.Files[0].Bytes[:100]
	if _, err := Of([]pcaps.Case{c}); err == nil {
		t.Error("a torn recording was scored")
	}
}

func TestTheClockOfASource(t *testing.T) {
	c := &clocked{Source: &capturetest.Source{Packets: []capture.Packet{{Time: 5}, {Time: 3}, {Time: 9}}, Batch: 2}}
	var b capture.Batch
	for _, want := range []Moment{{5, false}, {9, false}, {9, true}} {
		c.Read(&b)
		if c.now != want {
			t.Errorf("%+v, want %+v", c.now, want)
		}
	}
}
