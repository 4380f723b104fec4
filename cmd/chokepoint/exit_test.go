package main

import (
	"strings"
	"testing"

	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
)

func answered(id string, status answer.Status, cause string) func(classify.Sink) error {
	return func(s classify.Sink) error {
		return s.Service(&answer.Service{Service: id, Status: status, Works: "no", Cause: cause, Sentence: "so it is"})
	}
}

func found(service string, kind finding.Kind, v finding.Verdict) func(classify.Sink) error {
	return func(s classify.Sink) error {
		return s.Finding(&finding.Finding{ID: "f1", Service: service, Kind: kind, Verdict: v, BenignCause: "x", Segment: finding.UnknownSegment, Summary: "so it is"})
	}
}

func all(tells ...func(classify.Sink) error) func(classify.Sink) error {
	return func(s classify.Sink) error {
		for _, tell := range tells {
			if err := tell(s); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	good, broken := file(t, dir, "good.pcap", capturedAt(1)), file(t, dir, "torn.pcap", torn())
	other := file(t, dir, "other", []byte("no capture at all"))
	blocked := answered("telegram", answer.Blocked, "interference")
	tests := []struct {
		name string
		tell func(classify.Sink) error
		args []string
		want int
	}{
		{"done", nil, []string{"analyze", good}, 0},
		{"help", nil, []string{"analyze", "--help"}, 0},
		{"a file that breaks off", nil, []string{"analyze", broken}, 1},
		{"a file that breaks off among others", nil, []string{"analyze", broken, good}, 1},
		{"a file that is no capture", nil, []string{"analyze", other}, 1},
		{"a file that is not there, named by -r", nil, []string{"analyze", "-r", dir + "/gone.pcap"}, 1},
		{"no input", nil, []string{"analyze"}, 2},
		{"an argument that is neither file nor expression", nil, []string{"analyze", dir + "/gone.pcap"}, 2},
		{"an expression that is refused", nil, []string{"analyze", good, "ether", "host", "1"}, 2},
		{"an unknown flag", nil, []string{"analyze", "--frobnicate", good}, 2},
		{"an unknown command", nil, []string{"analyse", good}, 2},
		{"a bad size", nil, []string{"analyze", "--memory", "12parsecs", good}, 2},
		{"a bad vantage", nil, []string{"analyze", "--vantage", "moon", good}, 2},
		{"negative workers", nil, []string{"analyze", "--workers", "-1", good}, 2},
		{"quiet and verbose", nil, []string{"analyze", "-q", "-v", good}, 2},
		{"an unknown service to expect", nil, []string{"analyze", "--expect", "telegraph", good}, 2},
		{"an unknown service to print only", nil, []string{"analyze", "--only", "telegraph", good}, 2},
		{"a list of pages that is not there", nil, []string{"analyze", "--block-pages", dir + "/gone.csv", good}, 2},
		{"a rule file that is not there", nil, []string{"analyze", "--services", dir + "/gone.yaml", good}, 2},
		{"a server of one's own without a name", nil, []string{"analyze", "--mine", "192.0.2.1:443", good}, 2},
		{"a list of forged addresses that is not there", nil, []string{"analyze", "--forged-ips", good + ".csv", good}, 2},
		{"a capture is no list of forged addresses", nil, []string{"analyze", "--forged-ips", good, good}, 2},
		{"a server of one's own", nil, []string{"analyze", "--mine", "192.0.2.1:443=vpn", "--expect", "vpn", good}, 0},
		{"joined files", nil, []string{"analyze", "--join", good}, 2},
		{"a fault of our own", func(classify.Sink) error { panic("index out of range") }, []string{"analyze", good}, 4},

		{"interference without being asked", blocked, []string{"analyze", good}, 0},
		{"interference", blocked, []string{"analyze", "--exit-code", good}, 10},
		{"interference in a file that breaks off wins", blocked, []string{"analyze", "--exit-code", broken}, 10},
		{"nothing wrong in a file that breaks off", answered("max", answer.OK, "none"), []string{"analyze", "--exit-code", broken}, 1},
		{"throttled", answered("max", answer.Throttled, "interference"), []string{"analyze", "--exit-code", good}, 10},
		{"degraded by interference", answered("max", answer.Degraded, "interference"), []string{"analyze", "--exit-code", good}, 10},
		{"degraded by the first hop", answered("max", answer.Degraded, "first_hop"), []string{"analyze", "--exit-code", good}, 0},
		{"failing for no reason shown", answered("max", answer.Failing, "unknown"), []string{"analyze", "--exit-code", good}, 11},
		{"failing for this host", answered("max", answer.Failing, "this_host"), []string{"analyze", "--exit-code", good}, 0},
		{"the capture cannot tell", answered("max", answer.Inconclusive, "unknown"), []string{"analyze", "--exit-code", good}, 12},
		{"unseen", answered("max", answer.Unseen, "none"), []string{"analyze", "--exit-code", good}, 0},
		{"unseen though expected", answered("max", answer.Unseen, "none"), []string{"analyze", "--exit-code", "--expect", "max", good}, 12},
		{"the gravest of several services", all(answered("max", answer.Inconclusive, "unknown"), blocked, answered("signal", answer.Failing, "unknown")),
			[]string{"analyze", "--exit-code", good}, 10},
		{"failing beside one that cannot be told", all(answered("max", answer.Inconclusive, "unknown"), answered("signal", answer.Failing, "unknown")),
			[]string{"analyze", "--exit-code", good}, 11},
		{"a service that is not printed does not count", blocked, []string{"analyze", "--exit-code", "--only", "max", good}, 0},

		{"a finding of no known service", found("", finding.ResetInjected, finding.Confirmed), []string{"analyze", "--exit-code", good}, 10},
		{"of a known service the answer counts", found("max", finding.ResetInjected, finding.Confirmed), []string{"analyze", "--exit-code", good}, 0},
		{"a finding that is only suspected", found("", finding.ResetInjected, finding.Suspected), []string{"analyze", "--exit-code", good}, 0},
		{"a finding that never raises a status", found("", finding.PathLoss, finding.Confirmed), []string{"analyze", "--exit-code", good}, 0},
		{"a finding that was taken back", all(found("", finding.ResetInjected, finding.Confirmed), found("", finding.ResetInjected, finding.Withdrawn)),
			[]string{"analyze", "--exit-code", good}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := runWith(strings.NewReader(""), tt.tell, tt.args...)
			if got.code != tt.want {
				t.Errorf("got %d, want %d; stderr: %s", got.code, tt.want, got.stderr)
			}
			if tt.want == exitUsage && got.stdout != "" {
				t.Errorf("wrong usage wrote to stdout: %q", got.stdout)
			}
			if (tt.want == 1 || tt.want == 2 || tt.want == 4) && !strings.Contains(got.stderr, "chokepoint:") {
				t.Errorf("nothing on stderr: %q", got.stderr)
			}
		})
	}
}
