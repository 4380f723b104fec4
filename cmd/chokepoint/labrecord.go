package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"chokepoint/cmd/internal/report"
)

// labRecordFlags are the flags of lab record as they were given.
type labRecordFlags struct {
	dir                        string
	seed                       uint64
	jobs                       int
	all, compress, slim, force bool
}

func (a *app) labRecordCommand() *cobra.Command {
	var f labRecordFlags
	cmd := &cobra.Command{
		Use:   "record [flags] NAME...|--all -d DIR",
		Short: "Play scenarios and keep what was recorded, with the truth beside it",
		Long: "Play scenarios and write DIR/NAME/client.pcapng, server.pcapng where the server's side\n" +
			"matters, and truth.yaml: what was done, with the numbers of the packets it was done to.\n" +
			"Files can be read by their owner only. NAME is a scenario, a pattern of names, or a line of\n" +
			"the test matrix. One that fails does not keep the others from being recorded.\n\n" +
			"Exit codes: 0 recorded; 1 some were not; 2 wrong usage; 3 a missing privilege or command; 4 a\n" +
			"fault of chokepoint.",
		Example: "  sudo chokepoint lab record -d out reset-race\n" +
			"  sudo chokepoint lab record -d out --all --jobs 3",
		RunE: func(cmd *cobra.Command, args []string) error { return a.labRecordAll(cmd.Context(), &f, args) },
	}
	s := cmd.Flags()
	s.SortFlags = false
	s.StringVarP(&f.dir, "dir", "d", "", "write into this `DIR`")
	s.BoolVar(&f.all, "all", false, "all scenarios")
	s.Uint64Var(&f.seed, "seed", 1, "of all that is random in the middlebox, `N`")
	s.IntVar(&f.jobs, "jobs", 3, "play `N` at once: most of the time they wait")
	s.BoolVar(&f.compress, "compress", false, "captures inside zstd, as NAME.zst")
	s.BoolVar(&f.slim, "slim", false, "without bulk data: the openings of flows, then headers")
	s.BoolVar(&f.force, "force", false, "write into folders that are not empty too")
	return cmd
}

// labRecord is a run of lab record, and what came of it so far.
type labRecord struct {
	*app
	labRecordFlags
	began time.Time
	left  chan *scene
	live  *live

	mu       sync.Mutex
	playing  map[string]time.Time // since when
	waiting  time.Duration        // of those not begun
	total    int
	recorded int
	bytes    int
	failed   []string // names, with why
	fault    bool
	out      *sticky
}

// labRecordAll records everything that was asked for. The errors it returns are
// wrong usage, or a code.
func (a *app) labRecordAll(ctx context.Context, f *labRecordFlags, args []string) error {
	a.log = newLog(a.stderr, false, level(false, false))
	if err := f.check(args); err != nil {
		return err
	}
	all, err := a.stage()
	if err != nil {
		return err
	}
	asked := all
	if !f.all {
		if asked, err = pick(all, args); err != nil {
			return err
		}
	}
	if err := f.free(asked); err != nil {
		return err
	}
	ready, lacking := a.playable(all, asked, strings.Join(append([]string{"lab record -d", f.dir}, f.words(args)...), " "))
	r := &labRecord{app: a, labRecordFlags: *f, began: a.now(), playing: map[string]time.Time{}, total: len(ready), out: &sticky{w: a.stdout}}
	if len(ready) > 0 {
		r.all(ctx, ready)
	}
	return r.result(ctx, a.complain(lacking))
}

func (f *labRecordFlags) words(args []string) []string {
	if f.all {
		return []string{"--all"}
	}
	return args
}

// check refuses what cannot be meant.
func (f *labRecordFlags) check(args []string) error {
	switch {
	case f.dir == "":
		return errors.New("name a directory to write into: -d DIR")
	case f.all && len(args) > 0:
		return errors.New("--all is all of them: name none")
	case !f.all && len(args) == 0:
		return errors.New(`name a scenario, or --all; "chokepoint lab list" names them`)
	case f.jobs < 1:
		return errors.New("--jobs must be at least 1")
	}
	return nil
}

// free refuses folders in which something is, so that nobody's captures are lost.
func (f *labRecordFlags) free(asked []scene) error {
	if f.force {
		return nil
	}
	var full []string
	for _, s := range asked {
		if in, err := os.ReadDir(filepath.Join(f.dir, s.name)); err == nil && len(in) > 0 {
			full = append(full, filepath.Join(f.dir, s.name))
		}
	}
	if len(full) > 0 {
		return fmt.Errorf("not empty: %s; --force writes there all the same", several(full))
	}
	return nil
}

// all plays the scenes, the longest first, so that none of them is waited for
// alone at the end.
func (r *labRecord) all(ctx context.Context, ready []scene) {
	order := slices.Clone(ready)
	slices.SortStableFunc(order, func(a, b scene) int { return int(b.takes() - a.takes()) })
	r.left = make(chan *scene, len(order))
	for i := range order {
		r.waiting += order[i].takes()
		r.left <- &order[i]
	}
	close(r.left)
	r.live = startLive(r.liveOut(), func() string { return r.standing(ready) })
	defer r.live.stop()
	var work sync.WaitGroup
	for range min(r.jobs, len(order)) {
		work.Go(func() {
			for s := range r.left {
				if ctx.Err() == nil {
					r.one(ctx, s)
				}
			}
		})
	}
	work.Wait()
}

// one plays a scene and writes what was recorded.
func (r *labRecord) one(ctx context.Context, s *scene) {
	r.mu.Lock()
	r.playing[s.name] = r.now()
	r.waiting -= s.takes()
	r.mu.Unlock()
	rec, err := s.perform(ctx, r.seed)
	dir := filepath.Join(r.dir, s.name)
	if err == nil {
		err = r.keep(rec, dir)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.playing, s.name)
	if err != nil {
		if ctx.Err() == nil {
			r.blame(s.name, err)
		}
		return
	}
	r.recorded++
	captures, size := kept(dir)
	r.bytes += size
	said := fmt.Sprintf("%-*s  %s, %s\n", maxSceneName, report.Text(s.name), strings.Join(captures, " "), megabytes(size))
	r.live.aside(func() { _, _ = r.out.Write([]byte(said)) }) // r.out keeps the error
}

// blame remembers a scene that failed.
func (r *labRecord) blame(name string, err error) {
	var f *fault
	r.fault = r.fault || errors.As(err, &f)
	r.failed = append(r.failed, name)
	r.live.aside(func() { r.broke(name, err) })
}

// captureNames are the names that captures are kept under.
var captureNames = []string{clientFile, serverFile, clientFile + ".zst", serverFile + ".zst"}

// keep writes a recording, without leaving beside it what another one has left in
// the folder.
func (r *labRecord) keep(rec *recording, dir string) error {
	for _, name := range append(slices.Clone(captureNames), "truth.yaml") {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return rec.write(dir, keepOptions{compress: r.compress, slim: r.slim})
}

// kept is the captures that were written into a folder, and their bytes on disk.
func kept(dir string) (names []string, size int) {
	for _, name := range captureNames {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
			names, size = append(names, name), size+int(info.Size())
		}
	}
	return names, size
}

// standing is the line that stands while scenes are played.
func (r *labRecord) standing(ready []scene) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all, longest := r.waiting, time.Duration(0)
	for _, s := range ready {
		if since, ok := r.playing[s.name]; ok {
			rest := max(0, s.takes()-r.now().Sub(since))
			all, longest = all+rest, max(longest, rest)
		}
	}
	left := max(longest, all/time.Duration(r.jobs)).Round(time.Second)
	names := slices.Sorted(maps.Keys(r.playing))
	done := r.total - len(r.left) - len(names)
	return fmt.Sprintf("%d of %d done, about %v left; playing %s", done, r.total, left, report.Text(strings.Join(names, ", ")))
}

// result says how it went, as an error with an exit code.
func (r *labRecord) result(ctx context.Context, lacking bool) error {
	took := r.now().Sub(r.began).Round(100 * time.Millisecond)
	if r.recorded > 0 {
		fmt.Fprintf(r.out, "%s recorded in %v, %s, in %s\n", counted(r.recorded, "scenario"), took, megabytes(r.bytes), report.Text(r.dir))
	}
	if len(r.failed) > 0 {
		slices.Sort(r.failed)
		r.log.Error().Msgf("%s failed: %s", counted(len(r.failed), "scenario"), report.Text(strings.Join(r.failed, ", ")))
	}
	if ctx.Err() != nil {
		r.log.Warn().Msgf("interrupted: %d of %d were recorded", r.recorded, r.total)
	}
	switch {
	case r.out.err != nil:
		return r.unwritten(r.out.err)
	case r.fault:
		return exit(exitFault)
	case lacking:
		return exit(exitPrivilege)
	case len(r.failed) > 0 || ctx.Err() != nil:
		return exit(exitInput)
	}
	return nil
}

// megabytes is a size in the unit that disks are sold by.
func megabytes(n int) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
