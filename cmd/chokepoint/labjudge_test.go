package main

import (
	"slices"
	"strings"
	"testing"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/truth"
)

func TestTouchesAreWhatWasDoneAndNamed(t *testing.T) {
	done := truth.Truth{Done: []truth.Deed{
		{Rule: "a", What: "injected", Packets: map[string][]uint64{clientFile: {11, 27}}},
		{Rule: "b", What: "dropped", Packets: map[string][]uint64{clientFile: {9}, serverFile: {5}}},
		{Rule: "c", What: "dropped", Packets: map[string][]uint64{clientFile: {4}}},
		{Rule: "d", What: "lost", Packets: map[string][]uint64{clientFile: {1}}},
	}}
	for _, tt := range []struct {
		name  string
		file  string
		named []uint64
		want  string
	}{
		{"one of them", clientFile, []uint64{3, 11}, "packet 11 = injected packet 11"},
		{"several", clientFile, []uint64{27, 11}, "packets 27 11 = injected packets"},
		{"of two kinds", clientFile, []uint64{4, 11}, "packet 11 = injected packet 11, packet 4 = dropped packet 4"},
		{"none", clientFile, []uint64{1}, "names none of the injected packets 11 27, names none of the dropped packets 4 9"},
		{"of the other capture", serverFile, []uint64{5}, "packet 5 = dropped packet 5"},
	} {
		var said []string
		for _, touch := range touches(&done, tt.file, tt.named) {
			said = append(said, touch.tell())
		}
		if got := strings.Join(said, ", "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// What the judge says himself must not be said twice, and he must not overlook
// what is not his.
func TestTheJudgeSaysEachDisagreementOnce(t *testing.T) {
	told := resetTruth()
	told.Finds = append(told.Finds, truth.Must{Kinds: []finding.Kind{finding.DNSForged, finding.DNSDenied}, AtLeast: finding.Confirmed},
		truth.Must{Kinds: []finding.Kind{finding.DropMidflow}, AtLeast: finding.Likely, Files: []string{serverFile}})
	strange := []finding.Finding{{ID: "f9", Kind: finding.RatePoliced, Service: "max", Verdict: finding.Likely}}
	j := judge(&told, clientFile, strange, map[string]string{"whatsapp": "ok"})
	if len(j.wants) != 2 || len(j.wrong) != 2 || j.agrees() || j.silent {
		t.Errorf("%d wants, wrong %q", len(j.wants), j.wrong)
	}
	if got := j.wants[1].tell(); got != "dns.forged or dns.denied: nothing said of it (wanted sure)" || j.head(&j.wants[1]) != "MISSED" {
		t.Errorf("got %q", got)
	}
	varied := judgeVaried(&told, clientFile, nil)
	if !varied.agrees() || varied.head(&varied.wants[0]) != "unsure" {
		t.Error("less certain is wrong though the capture was taken worse")
	}
	if judgeVaried(&told, clientFile, strange).agrees() {
		t.Error("a false accusation is right because the capture was taken worse")
	}
}

func TestWrap(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"", []string{""}},
		{"one two three", []string{"one two", "three"}},
		{"abcdefghijkl m", []string{"abcdefgh", "ijkl m"}},
		{"a abcdefghijkl", []string{"a", "abcdefgh", "ijkl"}},
		{"abcdefgh", []string{"abcdefgh"}},
		{"\u4e16\u754c\u4e16\u754c\u4e16", []string{"\u4e16\u754c\u4e16\u754c", "\u4e16"}}, // two columns each
	} {
		if got := wrap(tt.text, 8); !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestApart(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"reset-race", "reset-race", 0}, {"race", "reset-race", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"abc", "", 3}} {
		if got := apart(tt.a, tt.b); got != tt.want {
			t.Errorf("%q, %q: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestTheGistIsWholeClausesWhereTheySayEnough(t *testing.T) {
	for _, tt := range []struct{ what, want string }{
		{"short", "short"},
		{"a hello is dropped, then more of it", "a hello is dropped"},
		{"a hello draws RST,ACK, and more", "a hello draws RST,A…"},
		{"a, hello that is dropped again", "a, hello that is dr…"},
	} {
		if got := gist(tt.what, 20); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.what, got, tt.want)
		}
	}
}
