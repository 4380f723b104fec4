package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// The budgets of the HTML report of a million flows.
const (
	mustPage    = 10_000_000 // bytes
	mustOpenMS  = 3000       // from asking a browser for the page until it is loaded
	mustHTMLAdd = 0.20       // of the CPU of the run, where no packet is read twice
)

// browserFolder has the script that opens pages, and what "npm ci" installs for it.
const browserFolder = "cmd/internal/report/html/browser"

// report measures the HTML report over a file of generated flows: what it adds to the
// run, how large it is, and how soon a browser has opened it. Nothing is wrong with these
// flows, so that no packet is read a second time for a ladder or a plot.
func (o *options) report() (err error) {
	dir, err := os.MkdirTemp("", "chokepoint-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	capture, page := filepath.Join(dir, "flows.pcap"), filepath.Join(dir, "flows.html")
	flows := orDefault(o.flows, flowsOpen)
	if err := o.store("flows", flows, capture); err != nil {
		return err
	}
	run := func(args ...string) *contender {
		args = append(append([]string{"analyze", "-q", "--all", "--workers", "1"}, args...), capture)
		return &contender{rounds: o.rounds, command: func() *exec.Cmd { return command(o.chokepoint, args...) }} // its screen goes nowhere
	}
	plain, html := run(), run("--html", page)
	if err := race([]*contender{plain, html}, o.rounds); err != nil {
		return err
	}
	file, err := os.Stat(page)
	if err != nil {
		return err
	}
	a, b := median(plain.costs), median(html.costs)
	added := float64(b.cpu)/float64(a.cpu) - 1
	fmt.Printf("\nreport: %d flows, %.2f s of CPU and %d MB without a page, %.2f s and %d MB with one\n",
		flows, a.cpu.Seconds(), a.rss>>20, b.cpu.Seconds(), b.rss>>20)
	verdict(os.Stdout, added <= mustHTMLAdd, "report: adds %.0f %% to the run; must be %.0f %% at most", 100*added, 100*mustHTMLAdd)
	verdict(os.Stdout, file.Size() <= mustPage, "report: %.2f MB; must be %d MB at most", float64(file.Size())/1e6, mustPage/1_000_000)
	return o.opens(page)
}

// store writes a scenario to a file, by a child of ours: what this process has held
// counts for the children that it measures.
func (o *options) store(name string, flows int, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	c := command(o.self, "-flows", strconv.Itoa(flows), "generate", name)
	c.Stdout = f
	_, err = measure(c)
	return errors.Join(err, f.Close())
}

// opened is what the script tells of a page, ms since it was asked for.
type opened struct {
	MS struct{ Dom, Load, Paint int }
}

// opens tells how long a browser takes for a page, the middle of some times. Without a
// browser it says so.
func (o *options) opens(page string) error {
	script := filepath.Join(browserFolder, "look.mjs")
	if _, err := os.Stat(filepath.Join(browserFolder, "node_modules")); err != nil {
		fmt.Printf("report: no browser opens it: needs chromium, node, and npm ci in %s\n", browserFolder)
		return nil
	}
	c := command("node", script, "--load")
	for range max(o.rounds, 3) {
		c.Args = append(c.Args, page)
	}
	var out bytes.Buffer
	c.Stdout = &out
	if _, err := measure(c); err != nil {
		return err
	}
	var pages []opened
	if err := json.Unmarshal(out.Bytes(), &pages); err != nil {
		return fmt.Errorf("%s: %w", script, err)
	}
	took := make([]int, len(pages))
	for i, p := range pages {
		took[i] = max(p.MS.Load, p.MS.Paint)
	}
	slices.Sort(took)
	ms := took[len(took)/2]
	verdict(os.Stdout, ms <= mustOpenMS, "report: a browser opens it in %d ms; must be %d at most", ms, mustOpenMS)
	return nil
}
