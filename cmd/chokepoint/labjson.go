package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"chokepoint/classify/finding"
)

// actRecord is an act as lab run --json tells it.
type actRecord struct {
	Type     string          `json:"type"` // "lab"
	Scenario string          `json:"scenario"`
	Cases    []string        `json:"cases"`
	Seed     uint64          `json:"seed"`
	Truth    truthRecord     `json:"truth"`
	Notes    []string        `json:"notes"` // what the hosts met
	Captures []captureRecord `json:"captures"`
	Agrees   bool            `json:"agrees"`
}

// captureRecord is the verdict on one capture, and what the truth says to it.
type captureRecord struct {
	File     string            `json:"file"`
	Varied   string            `json:"varied,omitempty"`
	Packets  uint64            `json:"packets"`
	Services map[string]string `json:"services"` // status
	Findings []finding.Finding `json:"findings"` // last revisions, as records of analyze
	Wanted   []wantRecord      `json:"wanted"`
	Wrong    []string          `json:"wrong"` // what is not so
	Agrees   bool              `json:"agrees"`
}

// wantRecord is a wanted finding and what became of it.
type wantRecord struct {
	Kinds   []finding.Kind  `json:"kinds"`
	Service string          `json:"service,omitempty"`
	AtLeast finding.Verdict `json:"at_least"`
	Met     bool            `json:"met"`
	Finding string          `json:"finding,omitempty"` // its id, absent: none
	Verdict finding.Verdict `json:"verdict,omitempty"`
	Packets []uint64        `json:"packets"` // of the finding that were touched
}

// json is the act on one line.
func (a *act) json() string {
	r := actRecord{Type: "lab", Scenario: a.scene.name, Cases: full(a.scene.cases), Seed: a.seed,
		Truth: newTruthRecord(&a.rec.truth), Notes: full(a.rec.notes), Captures: []captureRecord{}, Agrees: a.agrees()}
	for i := range a.heard {
		r.Captures = append(r.Captures, a.heard[i].record())
	}
	return line(r)
}

func (h *hearing) record() captureRecord {
	c := captureRecord{File: h.file, Varied: h.varied, Packets: h.packets, Services: h.status, Findings: []finding.Finding{},
		Wanted: []wantRecord{}, Wrong: full(h.wrong), Agrees: h.agrees()}
	for _, f := range h.findings {
		f.Type = "finding"
		c.Findings = append(c.Findings, f)
	}
	for _, w := range h.wants {
		r := wantRecord{Kinds: w.Kinds, Service: w.Service, AtLeast: w.AtLeast, Met: w.met, Packets: []uint64{}}
		if w.found != nil {
			r.Finding, r.Verdict = w.found.ID, w.found.Verdict
		}
		for _, t := range w.touched {
			r.Packets = append(r.Packets, t.packets...)
		}
		c.Wanted = append(c.Wanted, r)
	}
	return c
}

// line is a record on one line.
func line(r any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // as records of analyze
	if err := e.Encode(r); err != nil {
		panic(fmt.Sprintf("a record that cannot be told: %v", err))
	}
	return quiet(b.String())
}

// quiet escapes what encoding/json leaves raw although a terminal would act on it.
// It only occurs inside strings, so the meaning stays.
func quiet(line string) string {
	var b strings.Builder
	for _, r := range line {
		if r < 0x7f || unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// full is a list that is never null.
func full(list []string) []string { return append([]string{}, list...) }
