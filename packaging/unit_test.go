package packaging

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const unit = "chokepoint-watch@.service"

// read returns the unit's assignments, by "Section.Key", in their order.
func read(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	keys, section := map[string][]string{}, ""
	for lines := bufio.NewScanner(strings.NewReader(string(text))); lines.Scan(); {
		line := lines.Text()
		key, value, assigns := strings.Cut(line, "=")
		switch {
		case line == "", strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = line[1 : len(line)-1]
		case !assigns || section == "" || strings.ContainsAny(key, " \t"):
			t.Errorf("neither comment nor assignment: %q", line)
		default:
			keys[section+"."+key] = append(keys[section+"."+key], value)
		}
	}
	return keys
}

// TestPrivileges: what watch needs, and nothing else. Here a forgotten capability or
// a new one is a decision.
func TestPrivileges(t *testing.T) {
	keys := read(t)
	four := []string{"CAP_BPF CAP_NET_ADMIN CAP_PERFMON CAP_NET_RAW"}
	for key, want := range map[string][]string{
		"Service.CapabilityBoundingSet":    four,
		"Service.AmbientCapabilities":      four,
		"Service.NoNewPrivileges":          {"yes"},
		"Service.DynamicUser":              {"yes"},
		"Service.ProtectSystem":            {"strict"},
		"Service.User":                     nil,
		"Service.IPAddressDeny":            {"any"},
		"Service.IPAddressAllow":           {"localhost"},
		"Service.RestartPreventExitStatus": {"2 3"}, // as the commands promise
		"Service.PrivateNetwork":           nil,     // it would see nothing
		"Service.PrivateUsers":             nil,     // capabilities would count for nothing
	} {
		if got := keys[key]; !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	calls := strings.Fields(strings.Join(keys["Service.SystemCallFilter"], " "))
	for _, call := range []string{"@system-service", "bpf", "perf_event_open", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"} {
		if !slices.Contains(calls, call) {
			t.Errorf("system call %s is not allowed", call)
		}
	}
}

// installed is the unit with a program that is there, in a folder of its own: a
// missing program is an error to systemd-analyze. edit changes it further.
func installed(t *testing.T, edit func(string) string) string {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("needs systemd-analyze (package systemd)")
	}
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	changed := edit(strings.ReplaceAll(string(text), "/usr/bin/chokepoint", program))
	path := filepath.Join(t.TempDir(), unit)
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// verify returns what systemd-analyze says of our unit, and of nothing else.
func verify(t *testing.T, path string) (said []string) {
	t.Helper()
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", path).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "chokepoint") {
			said = append(said, strings.TrimSpace(line))
		}
	}
	if err != nil && len(said) == 0 {
		t.Fatalf("systemd-analyze: %v: %s", err, out)
	}
	return said
}

func TestVerify(t *testing.T) {
	if said := verify(t, installed(t, func(s string) string { return s })); len(said) > 0 {
		t.Errorf("systemd-analyze verify: %q", said)
	}
	// It does find faults.
	for name, edit := range map[string]func(string) string{
		"misspelled key":  func(s string) string { return strings.Replace(s, "UMask=", "UMaks=", 1) },
		"no such program": func(s string) string { return strings.Replace(s, "/bin/kill", "/bin/kilt", 1) },
		"no such value":   func(s string) string { return strings.Replace(s, "DynamicUser=yes", "DynamicUser=perhaps", 1) },
		"no such call":    func(s string) string { return strings.Replace(s, "bpf perf", "bfp perf", 1) },
	} {
		if len(verify(t, installed(t, edit))) == 0 {
			t.Errorf("%s is accepted", name)
		}
	}
}

// mostExposed is a bit more than what systemd 252 says, 1.9 of 10. What is left is
// what it is for: the four capabilities, the host's network, bpf and packet sockets.
const mostExposed = 2.5

var exposure = regexp.MustCompile(`exposure level for \S+: (\d+\.\d+)`)

func TestSecurity(t *testing.T) {
	path := installed(t, func(s string) string { return s })
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", path).CombinedOutput()
	m := exposure.FindSubmatch(out)
	if m == nil {
		if strings.Contains(string(out), "unrecognized option") {
			t.Skip("needs systemd 250: systemd-analyze security --offline")
		}
		t.Fatalf("%v: %s", err, out)
	}
	level, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil || level > mostExposed {
		t.Errorf("exposure %s, more than %v: %v", m[1], mostExposed, err)
	}
	t.Logf("exposure %s", m[1])
}
