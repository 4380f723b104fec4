package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
	"chokepoint/pcaps/truth"
)

// busy is a scene in which so much is done, and met, that not all of it fits.
func busy() scene {
	t := resetTruth()
	t.What = strings.Repeat("many things are done to many packets of many services; ", 9)
	t.Where = strings.Repeat("here and there ", 20)
	for i := range 12 {
		t.Done = append(t.Done, truth.Deed{Rule: "drop", What: "dropped", Dir: "up", N: i, Packets: map[string][]uint64{clientFile: {1, 2, 3, 4, 5, 6, 7, 8}}})
	}
	s := fakeScene("busy", t, &wrote{})
	inner := s.play
	s.play = func(ctx context.Context, seed uint64) (*recording, error) {
		r, err := inner(ctx, seed)
		for _, who := range strings.Fields("a b c d e f g") {
			r.notes = append(r.notes, who+".example.org: i/o timeout after a long time in which nothing was heard of the server")
		}
		return r, err
	}
	return s
}

// crowd answers for many services.
func crowd(s classify.Sink) error {
	for _, id := range strings.Fields("discord facetime googlemeet max signal skype telegram vk whatsapp zoom") {
		if err := s.Service(&answer.Service{Service: id, Name: id, Status: answer.OK, Works: "yes", Cause: "none", Sentence: id + ": works"}); err != nil {
			return err
		}
	}
	return accuse(finding.Likely, 1, 2)(s)
}

func TestLabScreens(t *testing.T) {
	for _, tt := range []struct {
		name string
		tell func(classify.Sink) error
		args string
		code int
	}{
		{"found", accuse(finding.Confirmed, 11, 12), "run reset-race", 0},
		{"unsure", accuse(finding.Suspected, 4), "run reset-race --exit-code", 10},
		{"missed", quietly, "run reset-race", 0},
		{"silent", quietly, "run reset-by-server --exit-code", 0},
		{"false", accuse(finding.Likely, 2), "run reset-by-server --exit-code", 10},
		{"both", accuse(finding.Confirmed, 11), "run reset-race --vantage both", 0},
		{"varied", quietly, "run reset-race --vary snaplen96 --exit-code", 0},
		{"several", accuse(finding.Confirmed, 11), "run reset-*", 0},
		{"verbose", accuse(finding.Confirmed, 11, 27), "run reset-race -v", 0},
		{"busy", crowd, "run busy", 0},
		{"list", nil, "list", 0},
		{"list-full", nil, "list reset-*", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := labWith(tt.tell, append(fakeScenes(&wrote{}), busy()), strings.Fields(tt.args)...)
			if got.code != tt.code || got.stderr != "" {
				t.Errorf("code %d: %s", got.code, got.stderr)
			}
			limit := 25
			if tt.name == "both" || tt.name == "several" || tt.name == "verbose" {
				limit = 60
			}
			checkPage(t, got.stdout, limit)
			goldenPage(t, tt.name, got.stdout)
		})
	}
}

func TestLabRunTellsInJSONWhatItTellsOnTheScreen(t *testing.T) {
	got := inLab(accuse(finding.Confirmed, 11, 12), "run", "--json", "--vantage", "both", "reset-race", "reset-by-server")
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	if got.code != 0 || len(lines) != 2 {
		t.Fatalf("code %d, %d lines: %s", got.code, len(lines), got.stderr)
	}
	var r struct {
		Scenario string
		Truth    struct {
			What string
			Done []struct {
				Rule    string
				Packets map[string][]uint64
			}
		}
		Notes    []string
		Agrees   bool
		Captures []captureRecord
	}
	if err := json.Unmarshal([]byte(lines[0]), &r); err != nil {
		t.Fatal(err)
	}
	if r.Scenario != "reset-race" || r.Truth.Done[0].Rule != "race" || r.Truth.Done[0].Packets[clientFile][1] != 27 || len(r.Notes) != 3 || len(r.Captures) != 2 {
		t.Errorf("got %s", lines[0])
	}
	c := r.Captures[0]
	if !c.Agrees || c.Services["whatsapp"] != "blocked" || c.Findings[0].Type != "finding" || !c.Wanted[0].Met || c.Wanted[0].Finding != "f1" || len(c.Wanted[0].Packets) != 1 || c.Packets != 3 {
		t.Errorf("got %+v", c)
	}
	if r.Captures[1].Agrees || r.Agrees { // nothing was to be found there
		t.Errorf("the server's capture: %+v", r.Captures[1])
	}
}

func TestTheLastRevisionOfAFindingIsJudged(t *testing.T) {
	tell := all(accuse(finding.Confirmed, 11), func(s classify.Sink) error {
		return s.Finding(&finding.Finding{ID: "f1", Rev: 1, Service: "whatsapp", Kind: finding.ResetInjected, Verdict: finding.Withdrawn})
	})
	if got := inLab(tell, "run", "reset-race", "--exit-code"); got.code != 10 || !strings.Contains(got.stdout, "\nMISSED    reset.injected") {
		t.Errorf("code %d: %s", got.code, got.stdout)
	}
}

func TestLabExitCodes(t *testing.T) {
	failing := func(err error) []scene {
		scenes := fakeScenes(&wrote{})
		scenes[0].play = func(context.Context, uint64) (*recording, error) { return nil, err }
		return scenes
	}
	panicking := fakeScenes(&wrote{})
	panicking[0].play = func(context.Context, uint64) (*recording, error) { panic("boom") }
	for _, tt := range []struct {
		name   string
		scenes []scene
		tell   func(classify.Sink) error
		args   string
		code   int
		stderr string
	}{
		{"played", nil, quietly, "run reset-race", 0, ""},
		{"no name", nil, nil, "run", 2, "requires at least 1 arg"},
		{"an unknown name", nil, nil, "run reset-rase", 2, `no scenario "reset-rase"; did you mean reset-race?`},
		{"part of names", nil, nil, "run reset", 2, "did you mean reset-race, reset-by-server?"},
		{"a name that is near to none", nil, nil, "run xyz", 2, `"chokepoint lab list" names them`},
		{"an unknown command", nil, nil, "walk", 2, `unknown command "walk"`},
		{"an unknown vantage", nil, nil, "run --vantage moon reset-race", 2, "none of client, server, both"},
		{"an unknown variation", nil, nil, "run --vary upside-down reset-race", 2, "no variation"},
		{"a line of the matrix", nil, quietly, "run b1", 0, ""},
		{"one that fails", failing(errors.New("too busy")), quietly, "run reset-race reset-by-server", 1, "reset-race: too busy"},
		{"a fault of our own", panicking, quietly, "run reset-race reset-by-server", 4, "reset-race: a fault of chokepoint, please report it: boom"},
		{"a fault of the analysis", nil, func(classify.Sink) error { panic("bang") }, "run reset-race", 4, "bang"},
		{"listing what is not there", nil, nil, "list xyz", 2, "no scenario"},
		{"recording into nothing", nil, nil, "record reset-race", 2, "-d DIR"},
		{"recording nothing", nil, nil, "record -d out", 2, "name a scenario"},
		{"recording all and one", nil, nil, "record -d out --all reset-race", 2, "--all is all of them"},
		{"no jobs", nil, nil, "record -d out --all --jobs 0", 2, "--jobs must be at least 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.scenes == nil {
				tt.scenes = fakeScenes(&wrote{})
			}
			got := labWith(tt.tell, tt.scenes, strings.Fields(tt.args)...)
			if got.code != tt.code || !strings.Contains(got.stderr, tt.stderr) || tt.stderr == "" && got.stderr != "" {
				t.Errorf("code %d, want %d: %s", got.code, tt.code, got.stderr)
			}
			if tt.code == exitUsage && got.stdout != "" {
				t.Errorf("wrong usage wrote to stdout: %q", got.stdout)
			}
			if strings.HasSuffix(tt.args, "reset-race reset-by-server") && !strings.Contains(got.stdout, "silent") {
				t.Errorf("the next one had no turn: %s", got.stdout)
			}
		})
	}
}

func TestWithoutALabItIsSaidWhatIsMissing(t *testing.T) {
	a, stdout, stderr := labApp(nil, nil)
	a.lab.scenes = func() ([]scene, error) { return nil, errors.New("the lab needs Linux network namespaces") }
	for _, args := range []string{"lab list", "lab run x", "lab record -d out x"} {
		stderr.Reset()
		if code := a.run(context.Background(), strings.Fields(args)); code != exitPrivilege || stderr.String() != "chokepoint: the lab needs Linux network namespaces\n" || stdout.Len() > 0 {
			t.Errorf("%s: code %d: %s", args, code, stderr)
		}
	}
}

func TestAMissingPrivilegeIsNamedWithWhatToDo(t *testing.T) {
	scenes := fakeScenes(&wrote{})
	caps := []string{"the capability CAP_NET_ADMIN", "the capability CAP_NET_RAW"}
	for i := range 2 {
		scenes[i].missing = func() []string { return caps }
	}
	got := labWith(quietly, scenes, "run", "reset-race", "reset-by-server")
	want := `chokepoint: reset-race and reset-by-server cannot be played: this process lacks the capability CAP_NET_ADMIN and the capability CAP_NET_RAW
  as root:        sudo chokepoint lab run reset-race reset-by-server
  without root:   unshare --user --map-root-user --net chokepoint lab run reset-race reset-by-server
  no root at all: chokepoint lab run residual   (simulated time)
`
	if got.code != exitPrivilege || got.stderr != want || got.stdout != "" {
		t.Errorf("code %d: %s%s", got.code, got.stdout, got.stderr)
	}

	a, _, stderr := labApp(nil, scenes[:2])
	a.lab.rootless = func() bool { return false }
	if code := a.run(context.Background(), []string{"lab", "run", "reset-race"}); code != exitPrivilege || strings.Contains(stderr.String(), "unshare") || strings.Contains(stderr.String(), "simulated") {
		t.Errorf("what would not work was advised: %s", stderr)
	}

	scenes[0].missing = func() []string { return []string{"command tc"} }
	scenes[1].missing = func() []string { return nil }
	got = labWith(quietly, scenes, "run", "reset-race", "reset-by-server")
	if got.code != exitPrivilege || !strings.Contains(got.stderr, "lacks command tc\n") || strings.Contains(got.stderr, "sudo") || !strings.Contains(got.stdout, "silent") {
		t.Errorf("a command: code %d: %s%s", got.code, got.stdout, got.stderr)
	}
}

func TestAnInterruptEndsTheLab(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	scenes := fakeScenes(&wrote{})
	scenes[0].play = func(ctx context.Context, _ uint64) (*recording, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for _, args := range [][]string{{"lab", "run", "reset-race", "reset-by-server"}, {"lab", "record", "-d", t.TempDir(), "reset-race", "reset-by-server"}} {
		a, stdout, stderr := labApp(quietly, scenes)
		if code := a.run(ctx, args); code != exitInput || stdout.Len() > 0 || strings.Count(stderr.String(), "\n") != 1 || !strings.Contains(stderr.String(), "interrupted") {
			t.Errorf("%s: code %d: %s%s", args[1], code, stdout, stderr)
		}
	}
}

func TestForeignTextOfTheLabIsEscaped(t *testing.T) {
	bad := resetTruth()
	bad.What, bad.Where, bad.Done[0].Rule = evil, evil, evil
	s := fakeScene("x"+evil, bad, &wrote{})
	s.cases = []string{evil}
	s.needs = []string{evil}
	inner := s.play
	s.play = func(ctx context.Context, seed uint64) (*recording, error) {
		r, err := inner(ctx, seed)
		r.notes = []string{evil}
		return r, err
	}
	broken := s
	broken.name = "broken" + evil
	broken.play = func(context.Context, uint64) (*recording, error) { return nil, errors.New(evil) }
	lacking := s
	lacking.name = "lacking" + evil
	lacking.missing = func() []string { return []string{evil} }
	tell := func(s classify.Sink) error {
		return all(answered(evil, answer.Blocked, "interference"), func(s classify.Sink) error {
			return s.Finding(&finding.Finding{ID: "f1", Service: "whatsapp", Kind: finding.ResetInjected, Verdict: finding.Suspected, Summary: evil, Name: evil})
		})(s)
	}
	dir := t.TempDir()
	for _, args := range [][]string{{"list"}, {"list", "x*"}, {"list", "--json"}, {"run", "*"}, {"run", "-v", "*"}, {"run", "--json", "*"},
		{"run", evil}, {"run", "--vary", evil, "x"}, {"record", "-d", dir + evil, "*"}, {"record", "-d", dir + evil, "*"}} {
		got := labWith(tell, []scene{s, broken, lacking}, args...)
		if bad := raw(got.stdout + got.stderr); bad != nil {
			t.Errorf("%q: %U in %q and %q", args, bad, got.stdout, got.stderr)
		}
		if got.stdout+got.stderr == "" {
			t.Errorf("%q said nothing", args)
		}
	}
	if line := playing(&s, 0, 2, time.Second); raw(line) != nil || !strings.HasPrefix(line, "1 of 2: playing x") || !strings.Contains(line, ", 3 s left") {
		t.Errorf("the line of progress: %q", line)
	}
}
