package main

import (
	"fmt"
	"testing"
)

func TestThePlanOfLiveCaptureIsToldOfAndCuts(t *testing.T) {
	const path = "../../pcaps/freeze-after-16k/client.pcapng"
	full := records(t, outside("analyze", "--json", "--plan", "full", path).stdout)
	live := records(t, outside("analyze", "--json", "--plan", "live", path).stdout)
	if full[0]["plan"] != nil || live[0]["plan"] != "live" {
		t.Errorf("meta: plan %v and %v", full[0]["plan"], live[0]["plan"])
	}
	healthy, told := full[0]["health"].([]any), live[0]["health"].([]any)
	if len(told) != len(healthy)+1 || told[len(healthy)].(map[string]any)["code"] != "plan" {
		t.Errorf("health: %v", told)
	}
	a, b := full[len(full)-1], live[len(live)-1]
	if fmt.Sprint(a["packets"]) != fmt.Sprint(b["packets"]) {
		t.Errorf("%v packets, live %v", a["packets"], b["packets"])
	}
	if fmt.Sprint(a["bytes"]) == fmt.Sprint(b["bytes"]) {
		t.Errorf("%v bytes either way", a["bytes"])
	}
}

func TestAPlanNobodyMadeIsRefused(t *testing.T) {
	if got := outside("analyze", "--plan", "some", "-"); got.code != exitUsage {
		t.Errorf("code %d", got.code)
	}
}
