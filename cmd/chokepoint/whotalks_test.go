package main

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"

	"chokepoint/pcaps"
	"chokepoint/pcaps/truth"
)

// TestWhoIsTalking holds what the tool says of every flow, also of those that
// are nobody's, against the truth of the cases that tell it.
func TestWhoIsTalking(t *testing.T) {
	cases, err := pcaps.Cases()
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, c := range cases {
		if len(c.Truth.Flows) == 0 {
			continue
		}
		told++
		t.Run(c.Name, func(t *testing.T) {
			said := flowsSaid(t, c.Name, "--all")
			for _, w := range c.Truth.CheckFlows(said) {
				t.Error(w)
			}
			asked := flowsSaid(t, c.Name)
			for _, s := range said {
				if s.Says["service"] != "" && !slices.ContainsFunc(asked, func(x truth.Said) bool { return maps.Equal(x.Says, s.Says) }) {
					t.Errorf("without --all, %s to %s is not told, or otherwise", s.ID, s.To)
				}
			}
		})
	}
	if told < 3 {
		t.Errorf("%d cases tell who is talking", told)
	}
}

// flowsSaid lists what is said of the flows of a case, DNS left out.
func flowsSaid(t *testing.T, name string, args ...string) (out []truth.Said) {
	t.Helper()
	got := outside(append([]string{"analyze", "--json", "../../pcaps/" + name + "/client.pcapng"}, args...)...)
	if got.code != 0 {
		t.Fatalf("code %d: %s", got.code, got.stderr)
	}
	for _, r := range records(t, got.stdout) {
		if r["type"] == "flow" && r["dns"] == nil {
			out = append(out, saidOf(r))
		}
	}
	return out
}

// saidOf flattens the record of a flow.
func saidOf(r map[string]any) truth.Said {
	s := truth.Said{Says: map[string]string{}}
	flatten("", r, s.Says)
	s.ID = s.Says["id"]
	s.To = s.Says["proto"] + " " + net.JoinHostPort(s.Says["server.ip"], s.Says["server.port"])
	return s
}

func flatten(at string, v any, to map[string]string) {
	switch x := v.(type) {
	case nil:
	case map[string]any:
		for k, v := range x {
			flatten(strings.TrimPrefix(at+"."+k, "."), v, to)
		}
	case []any:
		parts := make([]string, len(x))
		for i, p := range x {
			parts[i] = fmt.Sprint(p)
		}
		to[at] = strings.Join(parts, ",")
	case float64:
		to[at] = strconv.FormatFloat(x, 'f', -1, 64)
	default:
		to[at] = fmt.Sprint(x)
	}
}
