package service

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gaissmai/bart"
)

// Default returns the embedded rules.
func Default() *Rules { return builtin() }

// builtin compiles the embedded rules once. That they compile is tested.
var builtin = sync.OnceValue(func() *Rules {
	r, err := LoadFiles()
	if err != nil {
		panic("chokepoint: embedded service rules: " + err.Error())
	}
	return r
})

// File is one rule file: where it is from, for messages, and what is in it.
type File struct {
	Name string
	Data []byte
}

// LoadFiles compiles the embedded rules and, after them, the rule files given. A
// later file adds to what an earlier one said of a service: lists append, and
// the later of two equal rules holds; "replace: true" forgets what was said
// before, "disabled: true" the service itself. The error is an [*Error].
func LoadFiles(extra ...File) (*Rules, error) {
	base, err := embedded()
	if err != nil {
		return nil, err
	}
	return build(base, extra)
}

// build makes rules of files, later ones over earlier ones. The date is that of
// the base: somebody's own addition makes nothing else newer.
func build(base []*parsed, extra []File) (*Rules, error) {
	files := slices.Clone(base)
	for _, in := range extra {
		p, err := parse(in)
		if err != nil {
			return nil, err
		}
		files = append(files, p)
	}
	if err := checkSources(files); err != nil {
		return nil, err
	}
	svcs, err := merge(files)
	if err != nil {
		return nil, err
	}
	r := newRules()
	for i, f := range files {
		for _, l := range f.lists {
			r.addLists(l)
		}
		if i < len(base) {
			r.date = later(r.date, f.date())
		}
	}
	for _, s := range svcs {
		if err := r.addService(s); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func newRules() *Rules {
	return &Rules{
		byID: map[string]*svc{}, closed: map[string]bool{}, names: names{}, exist: map[string]bool{}, ech: map[string]string{},
		addrs:     addrs{&bart.Table[*addrNode]{}},
		ports:     new(ports),
		magic:     newMagics(),
		tokens:    tokens{},
		resolvers: newResolvers(),
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// date is the newest date a file carries.
func (f *parsed) date() (d time.Time) {
	for _, l := range f.lists {
		d = later(d, l.date)
	}
	for _, p := range f.patches {
		d = later(d, p.date)
	}
	return d
}

// checkSources refuses the citation of a source that no file describes.
func checkSources(files []*parsed) error {
	known := map[string]bool{}
	for _, f := range files {
		for _, l := range f.lists {
			for _, s := range l.sources {
				known[s] = true
			}
		}
	}
	for _, f := range files {
		for _, c := range f.cites {
			if !known[c.key] {
				return c.errorf(fmt.Sprintf("unknown source %q: describe it in a sources list", c.key))
			}
		}
	}
	return nil
}

func (r *Rules) addLists(l *lists) {
	for _, o := range l.owners {
		r.closed[o.id] = o.closed
	}
	for _, x := range l.resolvers {
		r.resolvers.add(x)
	}
	for _, n := range l.exist {
		r.exist[n] = true
	}
	for _, e := range l.ech {
		r.ech[e.name] = e.provider
	}
}

// addService enters a service's rules into the matchers. What two services claim
// for themselves is a mistake in one of them.
func (r *Rules) addService(s *svc) error {
	for _, n := range s.names {
		n.svc = s
		if o := r.names.add(n); o != nil && !(o.shared && n.shared && o.svc.owner == s.owner) {
			return n.errorf(fmt.Sprintf("%s is %s's already (%s:%d)", n.key(), o.svc.id, o.file, o.line))
		}
	}
	for _, p := range s.prefixes {
		p.svc = s
		if o := r.addrs.add(p); o != nil {
			return p.errorf(fmt.Sprintf("%s is %s's already (%s:%d)", p.text, o.svc.id, o.file, o.line))
		}
	}
	for _, m := range s.magic {
		m.svc = s
		if o := r.magic.add(m); o != nil {
			return m.errorf(fmt.Sprintf("%s is %s's already (%s:%d)", m.key(), o.svc.id, o.file, o.line))
		}
	}
	for _, t := range s.tokens {
		t.svc = s
		r.tokens.add(t)
	}
	if len(s.excluded) > 0 {
		r.excluding = append(r.excluding, s)
	}
	for _, p := range s.ports {
		p.svc = s
		r.ports.add(p)
	}
	r.byID[s.id] = s
	at, _ := slices.BinarySearchFunc(r.ids, s.id, strings.Compare)
	r.ids = slices.Insert(r.ids, at, s.id)
	return nil
}
