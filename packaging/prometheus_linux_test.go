package packaging

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/netns"
	"chokepoint/pcaps/lab/scenes"
)

const (
	// patience is how long each step of the live test may take; it all takes some
	// 25 s, of which the scenario plays ten.
	patience = 40 * time.Second

	chokepointAt = "127.0.0.1:9477"
	prometheusAt = "127.0.0.1:9090"
)

// config has Prometheus look every second.
const config = `global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%q]
scrape_configs:
  - job_name: chokepoint
    static_configs: [{targets: [%q]}]
`

// forTime is the patience of alerts, which a test has not got.
var forTime = regexp.MustCompile(`(?m)^( +for:) .*$`)

// TestAlertForABlockedService: the lab blocks WhatsApp at the client's line, chokepoint
// watches there, Prometheus fetches its figures, and there is an alert for WhatsApp, and
// for nobody else.
func TestAlertForABlockedService(t *testing.T) {
	needPrometheus(t, "prometheus")
	s := scenes.Named("hello-dropped")
	if lacks := lab.Missing(s); len(lacks) > 0 {
		lacking(t, "needs "+strings.Join(lacks, ", "))
	}
	program := built(t)
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yml")
	write(t, rules, forTime.ReplaceAllString(text(t, alerts), "$1 2s"))
	write(t, filepath.Join(dir, "prometheus.yml"), fmt.Sprintf(config, rules, chokepointAt))

	began := time.Now()
	watch := func(at lab.Place) (stop func(), err error) {
		if at.File != "client.pcapng" {
			return func() {}, nil
		}
		return beside(t, at.NS, at.Interface, program, dir)
	}
	if _, err := lab.PlayBeside(t.Context(), s, 7, lab.Beside{Watch: watch}); err != nil {
		t.Fatal(err)
	}
	t.Logf("the play took %v", time.Since(began).Round(time.Second))
}

// beside starts both programs in a namespace, and returns what looks at the alerts when
// the scenario is over, and ends them.
func beside(t *testing.T, ns *netns.NS, iface, program, dir string) (stop func(), err error) {
	ready := filepath.Join(dir, "ready")
	watch := run(t, ns, program, "watch", "-i", iface, "--json", "--interval", "1s", "--listen", chokepointAt, "--ready-file", ready)
	prometheus := run(t, ns, "prometheus", "--config.file", filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path", filepath.Join(dir, "data"),
		"--web.listen-address", prometheusAt, "--log.level", "warn")
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true, DialContext: nsDial(ns)}}
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		_, isReady := os.Stat(ready)
		if isReady == nil && seen(client, "up == 1") != nil {
			break
		}
		if time.Now().After(end) {
			return nil, errors.Join(fmt.Errorf("chokepoint or Prometheus does not come up"), watch.ends(), prometheus.ends())
		}
	}
	return func() {
		judge(t, client)
		if err := errors.Join(watch.ends(), prometheus.ends()); err != nil {
			t.Error(err)
		}
	}, nil
}

// judge waits for the alert, and holds the others against what was done.
func judge(t *testing.T, client *http.Client) {
	const firing = `ALERTS{alertstate="firing"}`
	blocked := map[string]string{"alertname": "ChokepointServiceBlocked", "service": "whatsapp", "status": "blocked", "severity": "critical", "job": "chokepoint"}
	for end := time.Now().Add(patience); !slices.ContainsFunc(seen(client, firing), func(l map[string]string) bool { return contains(l, blocked) }); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("no alert for whatsapp; firing %v, of services %v", seen(client, firing), seen(client, "chokepoint_service_status == 1"))
			return
		}
	}
	for _, l := range seen(client, firing) {
		if l["alertname"] == "ChokepointDown" || strings.HasPrefix(l["alertname"], "ChokepointService") && l["service"] != "whatsapp" {
			t.Errorf("an alert that should not be: %v", l)
		}
	}
	healthy := seen(client, `chokepoint_service_status{status="ok",service!="whatsapp"} == 1`)
	if len(healthy) == 0 || seen(client, `chokepoint_findings{service="whatsapp",kind="drop.hello"} > 0`) == nil {
		t.Errorf("works: %v; found: %v", healthy, seen(client, "chokepoint_findings"))
	}
	for name, query := range map[string]string{
		"round trips":  `chokepoint_service_opens_seconds > 0.01 < 1`,
		"packets":      `chokepoint_packets_total > 100`,
		"nothing lost": `sum(chokepoint_lost_packets_total) == 0`,
		"fresh":        `time() - chokepoint_last_packet_timestamp_seconds < 60`,
	} {
		if seen(client, query) == nil {
			t.Errorf("%s: %s holds of nothing", name, query)
		}
	}
}

func contains(l, all map[string]string) bool {
	for k, v := range all {
		if l[k] != v {
			return false
		}
	}
	return true
}

// seen asks Prometheus, and returns the labels of what an expression holds for.
func seen(client *http.Client, query string) (all []map[string]string) {
	a, err := client.PostForm("http://"+prometheusAt+"/api/v1/query", map[string][]string{"query": {query}})
	if err != nil {
		return nil
	}
	defer a.Body.Close()
	var answer struct {
		Data struct {
			Result []struct{ Metric map[string]string }
		}
	}
	if json.NewDecoder(a.Body).Decode(&answer) != nil {
		return nil
	}
	for _, r := range answer.Data.Result {
		all = append(all, r.Metric)
	}
	return all
}

// nsDial dials from a namespace.
func nsDial(ns *netns.NS) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, _, address string) (net.Conn, error) {
		return ns.Dial(ctx, "tcp", netip.AddrPort{}, netip.MustParseAddrPort(address))
	}
}

// process is a program under way.
type process struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	ended  chan struct{}
}

func run(t *testing.T, ns *netns.NS, name string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(name, args...), ended: make(chan struct{})}
	p.cmd.Stderr = &p.stderr
	if err := ns.Do(p.cmd.Start); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
	})
	return p
}

// ends interrupts it, and says what it had to say if it did not end well.
func (p *process) ends() error {
	_ = p.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-p.ended:
	case <-time.After(patience):
		return fmt.Errorf("%s does not end", p.cmd.Path)
	}
	if p.cmd.ProcessState.ExitCode() != 0 {
		return fmt.Errorf("%s: %v: %s", p.cmd.Path, p.cmd.ProcessState, &p.stderr)
	}
	return nil
}

// built returns the path of the program.
func built(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chokepoint")
	build := exec.Command("go", "build", "-o", path, "./cmd/chokepoint")
	build.Dir, build.Env = "..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
