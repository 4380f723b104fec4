package metrics

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"chokepoint/classify/service"
)

// asked is what dashboards and alerts ask for: metrics, and labels that are held
// against a value.
var (
	asked       = regexp.MustCompile(`\b((?:chokepoint|go)_[a-z0-9_]+)(?:\{([^}]*)\})?`)
	askedLabels = regexp.MustCompile(`([a-z_]+)(=~|!=|=)\\?"([^"\\]*)\\?"`)
)

// TestDashboardsAndAlertsAskForWhatThereIs: every metric of theirs exists, with its
// labels, and with the values that are asked for.
func TestDashboardsAndAlertsAskForWhatThereIs(t *testing.T) {
	r, _ := made(service.Default())
	play(t, r)
	there := told(t, r)
	for path, least := range map[string]int{
		"../../../../packaging/grafana/chokepoint.json":              20,
		"../../../../packaging/prometheus/chokepoint.rules.yml":      8,
		"../../../../packaging/prometheus/chokepoint.rules.test.yml": 5,
	} {
		b, err := os.ReadFile(path)
		check(t, err)
		text := strings.ReplaceAll(string(b), `'`, `"`)
		names := map[string]bool{}
		for _, m := range asked.FindAllStringSubmatch(text, -1) {
			names[m[1]] = true
			labels, ok := there[m[1]]
			if !ok {
				t.Errorf("%s: there is no metric %s", path, m[1])
			}
			for _, l := range askedLabels.FindAllStringSubmatch(m[2], -1) {
				values := labels[l[1]]
				switch closed := closedLabels[l[1]]; {
				case l[1] == "instance" || l[1] == "job":
				case values == nil:
					t.Errorf("%s: %s has no label %s", path, m[1], l[1])
				case closed != nil:
					for v := range strings.SplitSeq(l[3], "|") {
						if !slices.Contains(closed, v) {
							t.Errorf("%s: %s is never %q", path, l[1], v)
						}
					}
				}
			}
		}
		if len(names) < least {
			t.Errorf("%s asks for %v only", path, slices.Sorted(maps.Keys(names)))
		}
	}
}

// closedLabels are those whose values are known.
var closedLabels = map[string][]string{
	"status": statuses, "works": works, "cause": append(slices.Clone(causes), "none"), "by": {"kernel", "chokepoint"}, "outcome": {"tried", "failed", "affected"},
	"verdict": {"confirmed", "likely", "suspected", "unexplained", "inconclusive", "benign", "withdrawn"},
}

// told lists the metrics of a scrape, with their labels and what these were.
func told(t *testing.T, r *Report) map[string]map[string][]string {
	t.Helper()
	all, err := r.Gather()
	check(t, err)
	out := map[string]map[string][]string{}
	for _, f := range all {
		labels := map[string][]string{}
		for _, m := range f.Metric {
			for _, l := range m.Label {
				labels[l.GetName()] = append(labels[l.GetName()], l.GetValue())
			}
		}
		out[f.GetName()] = labels
		if f.GetType() == dto.MetricType_HISTOGRAM {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				out[f.GetName()+suffix] = labels
			}
		}
	}
	return out
}
