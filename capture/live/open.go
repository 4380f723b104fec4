//go:build linux

package live

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"chokepoint/bpf"
	"chokepoint/bpf/packets"
	"chokepoint/bpf/testimony"
	"chokepoint/capture/afpacket"
)

// What is lost where a part does not work.
const (
	noTestimony = "what this host itself dropped, and the resets that it sent, accepted or refused"
	noOwners    = "which process was talking, but for connections that begin while it runs"
	noProcess   = "which process was talking"
)

// misses is what each backend cannot do.
var misses = map[string][]string{
	Clsact: {"interfaces that appear later (clsact)"},
	AFPacket: {
		"the sockets of packets: a process is found by addresses and ports alone (AF_PACKET)",
		"what could not be kept up with, flow by flow: only how many packets were lost (AF_PACKET)",
	},
}

// open opens a source in a world.
func open(o Options, sys system) (*Source, error) {
	names, tries, err := asked(&o)
	if err != nil {
		return nil, err
	}
	s := &Source{sys: sys, notice: o.Notice, clock: &clock{}, table: &table{}}
	s.clock.compare(sys.clocks())
	if err := s.open(o, names, tries); err != nil {
		s.once.Do(func() { s.closed.Store(true) })
		return nil, with(err, s.release())
	}
	return s, nil
}

// asked checks the options. It returns the interfaces, each once, and the backends
// to try.
func asked(o *Options) (names, tries []string, err error) {
	for _, n := range o.Interfaces {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return nil, nil, errors.New("no interface to capture on")
	}
	if o.Notice == nil {
		o.Notice = func(string) {}
	}
	switch o.Backend {
	case "", Auto:
		tries = []string{TCX, Clsact, AFPacket}
	case TCX, Clsact, AFPacket:
		tries = []string{o.Backend}
	default:
		return nil, nil, fmt.Errorf("no such backend: %q (there are %s, %s, %s and %s)", o.Backend, Auto, TCX, Clsact, AFPacket)
	}
	return names, tries, nil
}

// open gets all parts; release frees what was got before an error.
func (s *Source) open(o Options, names, tries []string) (err error) {
	if s.place, err = here(); err != nil {
		return err
	}
	l, err := s.sys.links(s.place)
	if err != nil {
		return err
	}
	s.warden = &warden{place: s.place, links: l, table: s.table, notice: s.notice}
	there, err := l.list()
	if err != nil {
		return err
	}
	s.place.do(func() {
		s.witnesses()
		err = s.choose(o, names, tries, there)
	})
	if err != nil {
		return err
	}
	if s.heard != nil {
		s.heard.behind = s.backend.Name == AFPacket
	}
	s.tellMissing(names, there)
	if s.backend.Name != AFPacket { // which watches for itself
		s.warden.watch()
	}
	return nil
}

// tellMissing says what is waited for, and what is down.
func (s *Source) tellMissing(names []string, there []device) {
	for _, n := range missing(names, there) {
		s.notice(n + " is not there yet")
	}
	for _, x := range s.warden.watched {
		if x.device.index != 0 && !x.device.up {
			s.notice(x.name + updown(false))
		}
	}
}

// witnesses opens what does not depend on the backend.
func (s *Source) witnesses() {
	netns := s.sys.netns()
	reg, err := s.sys.register()
	var list *census
	if err == nil {
		list = &census{netns: netns, now: time.Now, reg: reg, failed: once(func(err error) {
			s.notice(fmt.Sprintf("which process is talking can no longer be told: %v", err))
		})}
		s.owners = newOwners(s.notes.add, list)
	}
	var only []uint32
	if netns != 0 {
		only = []uint32{netns}
	}
	w, werr := s.sys.testify(testimony.Config{Netns: only})
	if werr == nil {
		if s.owners == nil {
			s.owners = newOwners(s.notes.add, nil)
		}
		s.heard = &heard{witness: w, clock: s.clock, table: s.table, owners: s.owners, tell: s.notes.add, notice: s.notice}
	} else {
		s.miss(noTestimony, werr)
	}
	switch {
	case err == nil:
	case werr == nil:
		s.miss(noOwners, err)
	default:
		s.miss(noProcess, err)
	}
}

// once passes on the first error only.
func once(f func(error)) func(error) {
	told := false
	return func(err error) {
		if !told {
			told = true
			f(err)
		}
	}
}

// miss says what is lost and for lack of what.
func (s *Source) miss(what string, err error) {
	why := err.Error()
	var u *bpf.Unavailable
	if errors.As(err, &u) {
		why = u.Lacks
	}
	s.backend.Misses = append(s.backend.Misses, fmt.Sprintf("%s (%s)", what, why))
}

// choose opens the first backend that works. It runs at the place.
func (s *Source) choose(o Options, names, tries []string, there []device) error {
	var failed []error
	for _, name := range tries {
		err := s.try(name, o, names, there)
		if err == nil {
			s.backend.Name = name
			s.backend.Misses = append(s.backend.Misses, misses[name]...)
			return nil
		}
		if errors.Is(err, os.ErrNotExist) {
			return err // no backend after it can wait either
		}
		failed = append(failed, err)
		s.backend.Why = append(s.backend.Why, name+": "+err.Error())
	}
	return together(failed)
}

// together makes one error of what the backends said: what each of them lacks,
// where that is all there is to it.
func together(failed []error) error {
	if len(failed) == 1 {
		return failed[0]
	}
	var lacks []string
	for _, err := range failed {
		var u *bpf.Unavailable
		if !errors.As(err, &u) {
			return err
		}
		if !slices.Contains(lacks, u.Lacks) {
			lacks = append(lacks, u.Lacks)
		}
	}
	return &bpf.Unavailable{What: "live capture", Lacks: strings.Join(lacks, ", or at least "), Advice: advice(failed), Err: failed[len(failed)-1]}
}

// asRoot is what advice begins with where a right is lacking (bpf.Refused).
const asRoot = "run it as root"

// advice is what helps with all of them: root, where any of them lacks a right.
func advice(failed []error) string {
	for _, err := range failed {
		var u *bpf.Unavailable
		if errors.As(err, &u) && strings.HasPrefix(u.Advice, asRoot) {
			return asRoot
		}
	}
	return ""
}

// try opens one backend.
func (s *Source) try(name string, o Options, names []string, there []device) error {
	if lacks := missing(names, there); name != TCX && len(lacks) > 0 {
		return fmt.Errorf("no interface %s (there are %s): %w", strings.Join(lacks, ", "), listed(there), os.ErrNotExist)
	}
	s.warden.watched, s.warden.attach, s.warden.later = nil, nil, name == TCX
	if name == AFPacket {
		return s.tryRing(o, names, there)
	}
	p, err := s.sys.load(packets.Config{Payloads: o.Plan.Payloads, Whole: o.Plan.Whole, Head: o.Plan.Head})
	if err != nil {
		return err
	}
	s.warden.attach = p.AttachTCX
	if name == Clsact {
		s.sweep(names, there)
		s.warden.attach = p.AttachClsact
	}
	if err = s.warden.begin(names, there); err == nil {
		err = s.probe(there)
	}
	if err != nil {
		s.warden.watched = nil
		return with(err, p.Close())
	}
	s.feed = &ebpf{program: p, boot: s.sys.boot, wait: s.sys.patience, clock: s.clock, table: s.table, owners: s.owners}
	return nil
}

// sweep removes what an earlier process that was killed has left.
func (s *Source) sweep(names []string, there []device) {
	for _, d := range there {
		if !slices.Contains(names, d.name) {
			continue
		}
		if n, err := s.sys.sweep(d.index); err != nil {
			s.notice(fmt.Sprintf("filters of an earlier run may be left on %s: %v", d.name, err))
		} else if n > 0 {
			s.notice(fmt.Sprintf("%d filters of an earlier run removed from %s", n, d.name))
		}
	}
}

// probe finds out whether attaching works where there is nothing yet to attach to.
func (s *Source) probe(there []device) error {
	if slices.ContainsFunc(s.warden.watched, func(x *watched) bool { return x.attached != nil }) {
		return nil
	}
	for _, d := range there {
		if _, ok := d.link(); ok {
			return closed(s.warden.attach(d.index, d.l3()))
		}
	}
	return nil
}

// closed closes what was opened just to see whether it can be.
func closed(c io.Closer, err error) error {
	if err != nil {
		return err
	}
	return c.Close()
}

// tryRing opens AF_PACKET.
func (s *Source) tryRing(o Options, names []string, there []device) error {
	if err := s.warden.begin(names, there); err != nil {
		return err
	}
	r, err := s.sys.ring(afpacket.Config{Interfaces: names, Snap: int(o.Plan.Whole), Notice: o.Notice})
	if err != nil {
		return err
	}
	f := newPlain(r, o.Plan)
	f.clock, f.boot, f.owners = s.clock, s.sys.boot, s.owners
	s.feed = f
	return nil
}
