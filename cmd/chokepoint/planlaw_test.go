package main

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
	"chokepoint/capture/plan"
)

// cuts says whether live capture would deliver less than a file has.
func cuts(t *testing.T, path string) bool {
	t.Helper()
	r, err := pcapfile.Open(path, pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s := plan.New(r, capture.Live)
	var b capture.Batch
	for err == nil {
		err = s.Read(&b)
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return s.Stats().Bytes < r.Stats().Bytes
}

// claims lists what findings claim and how sure they are: confirmed is three.
func claims(rs []map[string]any) map[string]int {
	sure := map[any]int{"confirmed": 3, "likely": 2, "suspected": 1}
	out := map[string]int{}
	for _, r := range rs {
		if r["type"] == "finding" {
			out[fmt.Sprint(r["kind"], r["service"], r["flows"])] = sure[r["verdict"]]
		}
	}
	return out
}

// statuses lists the answer for each service.
func statuses(rs []map[string]any) map[any]any {
	out := map[any]any{}
	for _, r := range rs {
		if r["type"] == "service" {
			out[r["service"]] = r["status"]
		}
	}
	return out
}

// A full file may only be surer than live capture: what live capture claims, the
// file does too, and the answers are the same.
func TestLiveCaptureClaimsNothingThatTheFileDoesNot(t *testing.T) {
	compared, found := 0, 0
	for _, path := range bundled(t) {
		if !cuts(t, path) {
			continue // to the byte the same
		}
		compared++
		full := records(t, outside("analyze", "--json", path).stdout)
		live := records(t, outside("analyze", "--json", "--plan", "live", path).stdout)
		sure := claims(full)
		for what, n := range claims(live) {
			if n > sure[what] {
				t.Errorf("%s: %s is %d live, %d in the file", path, what, n, sure[what])
			}
			found += n
		}
		want := statuses(full)
		for service, status := range statuses(live) {
			if status != want[service] {
				t.Errorf("%s: %v is %v live, %v in the file", path, service, status, want[service])
			}
		}
	}
	if compared < 20 || found == 0 {
		t.Errorf("%d captures compared, %d claims", compared, found)
	}
}
