package main

import (
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/truth"
)

// truthRecord is a truth in JSON, with the names of truth.yaml. The types below are
// those of package truth with other tags: Go converts one into the other, and does
// not compile when they part.
type truthRecord struct {
	What     string              `json:"what"`
	Where    string              `json:"where"`
	Since    time.Time           `json:"since,omitzero"` // absent: nothing was done
	Vantage  map[string]string   `json:"vantage"`
	Services map[string][]string `json:"services,omitempty"`
	Finds    []mustRecord        `json:"finds"`
	May      []limitRecord       `json:"may,omitempty"`
	Ceilings []limitRecord       `json:"ceilings,omitempty"`
	Done     []deedRecord        `json:"done"`
}

type mustRecord struct {
	Kinds   []finding.Kind  `json:"kinds"`
	Service string          `json:"service,omitempty"`
	AtLeast finding.Verdict `json:"at_least"`
	Files   []string        `json:"files,omitempty"`
	RateBPS float64         `json:"rate_bps,omitempty"`
	Burst   float64         `json:"burst_bytes,omitempty"`

	Loss       float64 `json:"loss,omitempty"`
	BurstRatio float64 `json:"burst_ratio,omitempty"`
}

type limitRecord struct {
	Kinds   []finding.Kind  `json:"kinds,omitempty"`
	Service string          `json:"service,omitempty"`
	AtMost  finding.Verdict `json:"at_most"`
	Files   []string        `json:"files,omitempty"`
	Why     string          `json:"why,omitempty"`
	RateBPS float64         `json:"rate_bps,omitempty"`
	RateOff float64         `json:"rate_off,omitempty"`
}

type deedRecord struct {
	Rule    string              `json:"rule"`
	What    string              `json:"what"`
	Dir     string              `json:"dir"`
	N       int                 `json:"count"`
	From    time.Time           `json:"from"`
	To      time.Time           `json:"to"`
	Packets map[string][]uint64 `json:"packets,omitempty"`
}

func newTruthRecord(t *truth.Truth) truthRecord {
	r := truthRecord{What: t.What, Where: t.Where, Since: t.Since.UTC(), Vantage: t.Vantage, Services: t.Services,
		Finds: []mustRecord{}, Done: []deedRecord{}}
	for _, m := range t.Finds {
		r.Finds = append(r.Finds, mustRecord(m))
	}
	for _, l := range t.May {
		r.May = append(r.May, limitRecord(l))
	}
	for _, l := range t.Ceilings {
		r.Ceilings = append(r.Ceilings, limitRecord(l))
	}
	for _, d := range t.Done {
		d.From, d.To = d.From.UTC(), d.To.UTC()
		r.Done = append(r.Done, deedRecord(d))
	}
	return r
}
