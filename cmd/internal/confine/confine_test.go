package confine

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	for want, r := range map[string]Report{
		"no capabilities, landlock not in this kernel": {Lacks: "not in this kernel"},
		"no capabilities, landlock ABI 3 (files)":      {Landlock: 3},
		"no capabilities, landlock ABI 4 (files, TCP)": {Landlock: 4},
		"CAP_NET_ADMIN alone, landlock ABI 3 (files)":  {Landlock: 3, NetAdmin: true},
	} {
		if got := r.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestBare(t *testing.T) {
	if th := (Thread{ID: 7, NoNewPrivs: true, Bounding: 1}); !th.Bare() || th.String() != "thread 7: no capabilities" {
		t.Error(th)
	}
	for _, th := range []Thread{{}, {NoNewPrivs: true, Effective: 1}, {NoNewPrivs: true, Permitted: 1},
		{NoNewPrivs: true, Inheritable: 1}, {NoNewPrivs: true, Ambient: 1 << 40}} {
		if th.Bare() || !strings.Contains(th.String(), "CapEff") {
			t.Error(th)
		}
	}
	for _, th := range []Thread{{NoNewPrivs: true, Permitted: 1, Effective: 1}, {NoNewPrivs: true, Permitted: 1 << 12},
		{Permitted: 1 << 12, Effective: 1 << 12}, {NoNewPrivs: true, Permitted: 1 << 12, Effective: 1 << 12, Ambient: 1 << 12}} {
		if th.has(1 << 12) {
			t.Error(th)
		}
	}
}
