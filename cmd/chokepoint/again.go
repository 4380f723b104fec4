package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"chokepoint/capture"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/html"
	"chokepoint/cmd/internal/report/packets"
	"chokepoint/cmd/internal/report/slice"
)

// againFlags ask for what takes a second look at the packets.
type againFlags struct {
	html, slice string
	full        bool
}

// again is what is made of all captures by a second look at their packets, once it is
// known which of them matter.
type again struct {
	againFlags
	page    *html.Page    // nil: none is asked for
	several bool          // captures
	begun   int           // of them
	section *html.Capture // of the one that is read
	slices  *slice.Slices // the same
}

// check refuses what makes no sense together.
func (f *againFlags) check() error {
	if f.full && f.html == "" {
		return errors.New("--full says that a page of --html is not redacted: name one")
	}
	return nil
}

// prepare looks at what is to be read: slices need a capture that can be read twice,
// and a page must not be the capture itself.
func (g *again) prepare(ins []input) error {
	g.several = len(ins) > 1
	if g.html != "" {
		g.page = html.New()
	}
	for _, in := range ins {
		if err := in.rereadable(); err != nil && g.slice != "" {
			return fmt.Errorf("%s: %w", report.Text(in.name), err)
		}
		for _, name := range append(in.files, in.name) {
			if g.html != "" && same(name, g.html) {
				return fmt.Errorf("--html %s would overwrite the capture", report.Text(g.html))
			}
		}
	}
	return nil
}

// same reports whether two names are of one file.
func same(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// begin lists those who are told what the first run over the next capture finds.
func (g *again) begin(r *redacting) (out []report.Report) {
	g.begun++
	g.section, g.slices = nil, nil
	if g.page != nil {
		g.section = g.page.Capture(r.ofPage(g.full))
		out = append(out, g.section)
	}
	if g.slice != "" {
		g.slices = slice.New(r.ofSlices())
		out = append(out, g.slices)
	}
	if r.redactor != nil {
		out = append(out, r.redactor.Note())
	}
	return out
}

// missed notes that a capture cannot be read.
func (g *again) missed() {
	if g.page != nil {
		g.page.Missed()
	}
}

// takers are those who have to see packets of the capture.
func (g *again) takers(readable error) (out []packets.Taker) {
	if g.section != nil {
		if readable != nil {
			g.section.Unread("a pipe cannot be read a second time")
		} else {
			out = append(out, g.section.Wants()...)
		}
	}
	if g.slices != nil {
		out = append(out, g.slices.Takers()...)
	}
	return out
}

// look reads a capture once more, as far as the first run came, for what is made
// of its packets. What is wrong with the input was told the first time.
func (an *analysis) look(ctx context.Context, in input, limit uint64) {
	defer an.caught(in.name)
	g := &an.again
	takers := g.takers(in.rereadable())
	if len(takers) == 0 && g.slices == nil {
		return
	}
	src, err := in.open(ctx, an.stdin, an.live)
	if err != nil {
		an.unreadable(err)
		return
	}
	defer src.Close()
	if len(takers) > 0 {
		an.pass(ctx, in.name, packets.NewGather(src, 0, max(limit, 1), takers...), src)
	}
	if g.slices != nil {
		an.writeSlices(in, src.Interfaces())
	}
}

// pass lets the packets of a capture pass until there is no more, or an error, which
// the first run met, too.
func (an *analysis) pass(ctx context.Context, name string, through capture.Source, src *source) {
	defer an.showProgress(name, src)()
	var b capture.Batch
	for ctx.Err() == nil && through.Read(&b) == nil {
	}
}

// writeSlices writes the slices of one capture, into a folder of its own where there
// are several.
func (an *analysis) writeSlices(in input, ifs []capture.Interface) {
	g := &an.again
	dir := g.slice
	if g.several {
		dir = filepath.Join(dir, strconv.Itoa(g.begun))
	}
	n, err := g.slices.Write(dir, ifs)
	if err != nil {
		an.out.fail(fmt.Errorf("write slices: %w", err))
		return
	}
	an.log.Info().Int("slices", n).Int("left_out", g.slices.LeftOut()).
		Msgf("%s: %d slices written to %s", report.Text(in.name), n, report.Text(dir))
}

// writePage writes the page of all captures: what is there is replaced when the new one
// is complete.
func (an *analysis) writePage() {
	g := &an.again
	switch {
	case g.page == nil || an.out.err != nil:
		return
	case g.begun == 0:
		an.log.Warn().Msg("no report is written: no capture could be read")
		return
	}
	if err := g.writePage(); err != nil {
		an.out.fail(fmt.Errorf("write report: %w", err))
	}
}

func (g *again) writePage() (err error) {
	f, err := os.CreateTemp(filepath.Dir(g.html), ".chokepoint-*.html") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone, if all went well
	if err := errors.Join(g.page.Write(f), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), g.html)
}
