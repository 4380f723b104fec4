package jsonl

import (
	"fmt"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/service"
)

func TestArrangedBy(t *testing.T) {
	tests := []struct {
		name string
		why  []service.Why
		want *arrangement
	}{
		{"nothing", nil, nil},
		{"a name and nothing else", []service.Why{{By: "sni", Value: "relay c000123", Weight: 90}}, nil},
		{"a relay", []service.Why{{By: "sni", Value: "x", Weight: 90}, {By: "arranged", Value: "relay c000123", Weight: 70}},
			&arrangement{Flow: "c000123", How: "relay"}},
		{"the strongest of several", []service.Why{{By: "arranged", Value: "session c000001", Weight: 20}, {By: "arranged", Value: "peer c1234567", Weight: 60},
			{By: "arranged", Value: "socket c000003", Weight: 60}}, &arrangement{Flow: "c1234567", How: "peer"}},
		{"no word for how", []service.Why{{By: "arranged", Value: "c000123"}}, &arrangement{Flow: "c000123"}},
		{"no flow", []service.Why{{By: "arranged", Value: "relay", Weight: 70}}, nil},
		{"what only looks like one", []service.Why{{By: "arranged", Value: "relay c12345x", Weight: 70}, {By: "arranged", Value: "relay c12345", Weight: 70}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := arrangedBy(tt.why)
			if (got == nil) != (tt.want == nil) || got != nil && *got != *tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestTheProcessIsToldWhereTheKernelSaidIt(t *testing.T) {
	f := sampleSpoken()
	told := func() any {
		return object(t, written(t, func(r *Report) error { return r.Flow(f, nil) }))["process"]
	}
	if p, ok := told().(map[string]any); !ok || p["comm"] != "Telegram" || fmt.Sprint(p["pid"]) != "811" || p["cgroup"] != "/user.slice/app.scope" {
		t.Errorf("got %v", p)
	}
	f.Local.Process.Cgroup = ""
	if p, ok := told().(map[string]any); !ok || len(p) != 2 {
		t.Errorf("without a cgroup: %v", p)
	}
	f.Local.Process = capture.Process{Comm: "several"}
	if p := told(); p != nil {
		t.Errorf("of several or nobody: %v", p)
	}
	if f.Local = nil; told() != nil {
		t.Errorf("without testimony: %v", told())
	}
}

func TestPostQuantumIsToldWhereAHelloWasRead(t *testing.T) {
	f := sampleSpoken()
	told := func() any {
		rec := object(t, written(t, func(r *Report) error { return r.Flow(f, nil) }))
		return rec["pq"]
	}
	f.Names = fact.Names{}
	if got := told(); got != nil {
		t.Errorf("without a hello: %v", got)
	}
	f.Names.JA4 = "t12d0909h2_e8f1e7e78f70_b26ce05bbdd6"
	if got := told(); got != false {
		t.Errorf("a hello that does not offer it: %v", got)
	}
	f.Names.PQ = true
	if got := told(); got != true {
		t.Errorf("one that does: %v", got)
	}
}
