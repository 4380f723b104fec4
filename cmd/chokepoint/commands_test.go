package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func outside(args ...string) told { return outsideWith(nil, args...) }

// outsideWith is the same with something on standard input.
func outsideWith(stdin []byte, args ...string) told {
	var stdout, stderr bytes.Buffer
	code := Run(args, bytes.NewReader(stdin), &stdout, &stderr)
	return told{code, stdout.String(), stderr.String()}
}

func TestVersionNamesTheToolTheSchemaAndTheRules(t *testing.T) {
	got := outside("version")
	if got.code != 0 || !strings.HasPrefix(got.stdout, "chokepoint ") || !strings.Contains(got.stdout, "\nschema 1\nrules 20") {
		t.Errorf("got %+v", got)
	}
}

func TestHelpNamesOnlyWhatThereIs(t *testing.T) {
	got := outside("--help")
	for _, name := range []string{"analyze", "watch", "lab", "services", "version"} {
		if !strings.Contains(got.stdout, "\n  "+name) {
			t.Errorf("help lacks %s: %s", name, got.stdout)
		}
	}
	flags := outside("analyze", "--help").stdout
	for _, name := range []string{"--json", "--html", "--full", "--slice", "--redact", "--keep-time", "--all", "--only", "--expect", "--services", "--mine", "--forged-ips", "--block-pages", "--vantage", "--memory", "--workers", "--join", "--exit-code", "-q,", "-v,", "--no-color", "-r,"} {
		if !strings.Contains(flags, name) {
			t.Errorf("help of analyze lacks %s", name)
		}
	}
}

func TestWrongUsageSaysWhatIsWrongAndWhereHelpIs(t *testing.T) {
	got := outside("analyze", "--bogus")
	if got.code != 2 || got.stdout != "" || got.stderr != "chokepoint: unknown flag: --bogus\nSee \"chokepoint analyze --help\".\n" {
		t.Errorf("got %+v", got)
	}
}

func TestServices(t *testing.T) {
	tests := []struct {
		name, args string
		code       int
		want       []string // in stdout, or in stderr when it fails
	}{
		{"list has them all", "services list", 0, []string{"ID", "whatsapp", "telegram", "FUNCTIONS"}},
		{"show has rules with their sources", "services show telegram", 0, []string{"Telegram", "149.154.160.0/20", "source"}},
		{"show of an unknown one", "services show telegraph", 2, []string{`no service "telegraph"`}},
		{"match of a name", "services match web.whatsapp.com", 0, []string{"*", "whatsapp", ".yaml:"}},
		{"match of an address", "services match 149.154.167.50", 0, []string{"*", "telegram"}},
		{"match of what no rule speaks of", "services match unknown.invalid", 0, []string{"no rule speaks of unknown.invalid"}},
		{"match of an address in brackets", "services match [2001:67c:4e8:f002::a]", 0, []string{"*", "telegram"}},
		{"match of an address and a port", "services match 149.154.167.50:443", 0, []string{"*", "telegram"}},
		{"match of a URL", "services match https://me@web.whatsapp.com:443/x?y", 0, []string{"*", "whatsapp"}},
		{"match of a name in capitals, to the root", "services match WEB.WhatsApp.com.", 0, []string{"*", "whatsapp"}},
		{"match without an argument", "services match", 2, []string{"accepts 1 arg"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := outside(strings.Fields(tt.args)...)
			text := got.stdout
			if tt.code != 0 {
				text = got.stderr
			}
			for _, want := range tt.want {
				if got.code != tt.code || !strings.Contains(text, want) {
					t.Errorf("code %d, lacks %q: %s%s", got.code, want, got.stdout, got.stderr)
				}
			}
		})
	}
}

func TestRuleFilesAddServices(t *testing.T) {
	got := outside("services", "list", "--services", os.DevNull)
	if got.code != 2 || !strings.Contains(got.stderr, os.DevNull) {
		t.Errorf("an empty rule file: %+v", got)
	}
}
