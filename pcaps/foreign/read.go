package foreign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"chokepoint/capture/pcapfile"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// digestLen is how many hexadecimal digits name a file: 64 bits do for thousands.
const digestLen = 16

// Said is what the tool, and the peers, say of one capture.
type Said struct {
	Name   string // below the folder, with slashes
	Digest string
	Flows  int
	Claims []Told
	Peers  [numPeers][]string // flows each of them flags
}

// Told is a finding about a flow.
type Told struct {
	Flow string
	Claim
	Summary string
}

// endings of capture files; what is compressed otherwise is unpacked by who wants it.
var endings = []string{".pcap", ".pcapng", ".cap", ".pcap.gz", ".pcapng.gz", ".cap.gz"}

// names lists the captures below a folder, with slashes, in order.
func names(dir string) (out []string, err error) {
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !slices.ContainsFunc(endings, func(s string) bool { return strings.HasSuffix(path, s) }) {
			return err
		}
		name, err := filepath.Rel(dir, path)
		out = append(out, filepath.ToSlash(name))
		return err
	})
	return out, err
}

// read analyses a capture. One that does not open, or breaks off, is one of those
// that test suites have: what came before the damage counts.
func read(dir, name string) (*Said, error) {
	path := filepath.Join(dir, filepath.FromSlash(name))
	digest, err := digestOf(path)
	if err != nil {
		return nil, err
	}
	s := &Said{Name: name, Digest: digest}
	src, err := pcapfile.Open(path, pcapfile.Options{})
	if err != nil {
		return s, nil
	}
	defer src.Close()
	l := &listener{at: map[string]int{}}
	stats, _ := classify.Run(context.Background(), src, l, classify.Options{Workers: 1, Seed: 1})
	s.Flows = int(stats.Flows)
	for i := range l.last {
		f := &l.last[i]
		if len(f.Flows) > 0 && f.Verdict.Rank() >= finding.Suspected.Rank() && accuses(f.Kind) {
			s.Claims = append(s.Claims, Told{f.Flows[0], Claim{f.Kind, f.Verdict, f.Packets}, f.Summary})
		}
	}
	s.Peers = peersOn(path)
	return s, nil
}

func digestOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil))[:digestLen], nil
}

// accuses reports a kind that says somebody or something interferes, or that
// something does not work; the others are context.
func accuses(k finding.Kind) bool {
	return k != finding.PathLoss && k != finding.RateLimited && k != finding.ResetSeen
}

// listener keeps the last word on every finding.
type listener struct {
	at   map[string]int
	last []finding.Finding
}

func (l *listener) Flow(*fact.Flow, []string) error { return nil }

func (l *listener) Finding(f *finding.Finding) error {
	i, known := l.at[f.ID]
	if !known {
		i = len(l.last)
		l.at[f.ID], l.last = i, append(l.last, finding.Finding{})
	}
	l.last[i] = *f
	return nil
}

func (l *listener) Service(*answer.Service) error { return nil }
