package packaging

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	alerts    = "prometheus/chokepoint.rules.yml"
	alertTest = "prometheus/chokepoint.rules.test.yml"
	dashboard = "grafana/chokepoint.json"
)

// needPrometheus skips a test where a command of Debian's package prometheus is missing;
// with REQUIRE_PROMETHEUS=1 it fails.
func needPrometheus(t *testing.T, command string) {
	t.Helper()
	if _, err := exec.LookPath(command); err != nil {
		lacking(t, "needs "+command+" (package prometheus)")
	}
}

func lacking(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("REQUIRE_PROMETHEUS") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// text is a file's.
func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// promtool puts rules, edited, and their test, to promtool.
func promtool(t *testing.T, edit func(string) string) (said string, err error) {
	t.Helper()
	dir := t.TempDir()
	rules, test := filepath.Join(dir, filepath.Base(alerts)), filepath.Join(dir, filepath.Base(alertTest))
	for path, content := range map[string]string{rules: edit(text(t, alerts)), test: text(t, alertTest)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("promtool", "check", "rules", rules).CombinedOutput()
	if err == nil {
		var tested []byte
		tested, err = exec.Command("promtool", "test", "rules", test).CombinedOutput()
		out = append(out, tested...)
	}
	return string(out), err
}

// TestAlerts: promtool likes the rules, and they do what their own tests say.
func TestAlerts(t *testing.T) {
	needPrometheus(t, "promtool")
	if said, err := promtool(t, func(s string) string { return s }); err != nil {
		t.Errorf("%v: %s", err, said)
	}
	// It does find faults.
	for name, edit := range map[string][2]string{
		"a bad expression":            {`{status="blocked"} == 1`, `{status="blocked"} == `},
		"another status":              {`{status="blocked"} == 1`, `{status="ok"} == 1`},
		"no patience":                 {"for: 1m", "for: 0m"},
		"losses of one kind":          {"sum by (instance, job) (rate(chokepoint_lost_packets_total[5m]))", `sum by (instance, job) (rate(chokepoint_lost_packets_total{by="kernel"}[5m]))`},
		"losses of a tenth of it":     {"> 0.01", "> 0.001"},
		"every limit":                 {`{code=~"one_way|capture_gap"}`, ""},
		"what never saw a packet":     {"> 300", "> 300 < 400"},
		"any program that is down":    {`up{job="chokepoint"}`, "up"},
		"flows forgotten at any time": {"rate(chokepoint_flows_evicted_total[15m])", "chokepoint_flows_evicted_total"},
	} {
		changed := func(s string) string {
			if !strings.Contains(s, edit[0]) {
				t.Errorf("%s: nothing to change", name)
			}
			return strings.Replace(s, edit[0], edit[1], 1)
		}
		if said, err := promtool(t, changed); err == nil {
			t.Errorf("%s is accepted: %s", name, said)
		}
	}
}

// panel is what the test needs of one of Grafana's.
type panel struct {
	ID      int
	Type    string
	Title   string
	GridPos struct{ X, Y, W, H int }
	Targets []struct{ Expr string }
}

// variables are what Grafana puts in before Prometheus sees an expression.
var variables = strings.NewReplacer("$__rate_interval", "1m", "$instance", ".*", "$service", ".*")

var anyVariable = regexp.MustCompile(`\$\w+`)

// TestDashboard: it is what Grafana reads, its panels do not overlap, and Prometheus can
// parse every expression. That the metrics exist is held beside them.
func TestDashboard(t *testing.T) {
	var d struct {
		Title, UID string
		Panels     []panel
	}
	dec := json.NewDecoder(strings.NewReader(text(t, dashboard)))
	if err := dec.Decode(&d); err != nil || d.UID == "" || len(d.Panels) < 10 {
		t.Fatalf("%v, %d panels", err, len(d.Panels))
	}
	var rules bytes.Buffer
	rules.WriteString("groups:\n- name: dashboard\n  rules:\n")
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("%s: there are two of id %d", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, ok := taken[[2]int{x, y}]; ok || x >= 24 {
					t.Fatalf("%q lies over %q, or beside the page", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%s shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			expr := variables.Replace(target.Expr)
			if left := anyVariable.FindString(expr); left != "" {
				t.Errorf("%s: %s is no variable", p.Title, left)
			}
			fmt.Fprintf(&rules, "  - record: panel:%d\n    expr: %q\n", p.ID, expr)
		}
	}
	needPrometheus(t, "promtool")
	for _, x := range []struct {
		more string
		ok   bool
	}{{"", true}, {"  - record: wrong\n    expr: 'sum(rate(x[1m])'\n", false}} {
		path := filepath.Join(t.TempDir(), "dashboard.yml")
		if err := os.WriteFile(path, append(rules.Bytes(), x.more...), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("promtool", "check", "rules", path).CombinedOutput(); (err == nil) != x.ok {
			t.Errorf("%v: %s", err, out)
		}
	}
}
