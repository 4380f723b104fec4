package main

import (
	"context"
	"errors"
	"os"
	"os/exec"

	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/scenes"
)

func openLab() labDoor {
	return labDoor{scenes: labScenes, rootless: rootless, program: os.Args[0]}
}

// labScenes are the scenarios of the lab.
func labScenes() (out []scene, err error) {
	for _, s := range scenes.All() {
		out = append(out, scene{
			name: s.Name, cases: s.Cases, truth: s.Truth, lasts: s.Lasts, real: s.Play != nil, needs: s.Needs,
			missing: func() []string { return lab.Missing(s) },
			play:    func(ctx context.Context, seed uint64) (*recording, error) { return playScene(ctx, s, seed) },
		})
	}
	return out, nil
}

func playScene(ctx context.Context, s *lab.Scenario, seed uint64) (*recording, error) {
	r, err := lab.Play(ctx, s, seed)
	if err != nil {
		if inner := errors.Unwrap(err); inner != nil {
			err = inner // without the name, which is said here
		}
		return nil, err
	}
	write := func(dir string, opt keepOptions) error {
		return r.Write(dir, lab.WriteOptions{Compress: opt.compress, Slim: opt.slim})
	}
	return &recording{files: r.Files, truth: r.Truth, notes: r.Notes, write: write}, nil
}

// rootless reports whether a user namespace is to be had here: some systems deny
// them to ordinary users.
func rootless() bool {
	return exec.Command("unshare", "--user", "--map-root-user", "--net", "true").Run() == nil
}
