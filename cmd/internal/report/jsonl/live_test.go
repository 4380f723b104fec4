package jsonl

import (
	"strings"
	"testing"

	"chokepoint/classify/answer"
	"chokepoint/cmd/internal/report"
)

// A reader at the other end of a pipe sees answers while a live capture goes on.
func TestLiveAnswersAreHandedOnAtOnce(t *testing.T) {
	for _, backend := range []string{"", "tcx"} {
		var b strings.Builder
		r := New(&b)
		if err := r.Begin(&report.Meta{Tool: "chokepoint", Backend: backend, Vantage: "auto"}); err != nil {
			t.Fatal(err)
		}
		if err := r.Service(&answer.Service{Service: "max"}); err != nil {
			t.Fatal(err)
		}
		if got, live := strings.Count(b.String(), "\n"), backend != ""; (got == 2) != live || strings.Contains(b.String(), `"backend"`) != live {
			t.Errorf("backend %q: %s", backend, b.String())
		}
	}
}
