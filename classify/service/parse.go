package service

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// MaxFile bounds one rule file, bytes; the largest of ours has 15 kB.
const MaxFile = 4 << 20

// patch is what one document says of one service.
type patch struct {
	svc
	replace, disabled bool
}

// lists is what one document says beside services.
type lists struct {
	date      time.Time
	sources   []string
	owners    []owner
	resolvers []*resolver
	exist     []string
	ech       []outer
}

// parsed is one rule file, checked.
type parsed struct {
	patches []*patch
	lists   []*lists
	cites   []citation
}

// citation is one use of a source key; whether the source exists is known when
// all files are read.
type citation struct {
	place
	key string
}

// parse reads one rule file strictly: whatever it does not know it refuses, with
// file, line and reason.
func parse(in File) (*parsed, error) {
	if len(in.Data) > MaxFile {
		return nil, &Error{File: in.Name, Reason: fmt.Sprintf("larger than %d bytes", MaxFile)}
	}
	nodes, err := documents(in)
	if err != nil {
		return nil, err
	}
	c := &checker{file: in.Name, out: &parsed{}}
	for _, n := range nodes {
		d, err := decode(n)
		if err == nil {
			err = c.document(&d)
		}
		if err != nil {
			return nil, located(in.Name, err)
		}
	}
	return c.out, nil
}

// documents splits a file. The YAML library has panicked on odd input before,
// and a rule file must not take the program down.
func documents(in File) (docs []ast.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			docs, err = nil, &Error{File: in.Name, Reason: "not YAML"}
		}
	}()
	tokens, err := shapely(in.Data)
	if err != nil {
		return nil, located(in.Name, err)
	}
	f, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, located(in.Name, err)
	}
	for _, d := range f.Docs {
		if d.Body == nil {
			continue
		}
		var p plainness
		if ast.Walk(&p, d.Body); p.err != nil {
			return nil, located(in.Name, p.err)
		}
		docs = append(docs, d.Body)
	}
	if len(docs) == 0 {
		return nil, &Error{File: in.Name, Reason: "no rules in it"}
	}
	return docs, nil
}

// checker turns documents into rules. Its first error stands; what follows it is
// not looked at.
type checker struct {
	file string
	out  *parsed
	err  *Error
}

func (c *checker) at(t text) place { return place{c.file, t.line} }

func (c *checker) fail(t text, format string, args ...any) {
	if c.err == nil {
		c.err = c.at(t).errorf(fmt.Sprintf(format, args...))
	}
}

func (c *checker) document(d *document) error {
	if d.Service != nil {
		c.service(d.Service)
	} else {
		c.lists(d.Lists)
	}
	if c.err != nil {
		return c.err
	}
	return nil
}

// isService reports whether a document has the key id.
func isService(n ast.Node) bool {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return false
	}
	for _, v := range m.Values {
		if t := v.Key.GetToken(); t != nil && t.Value == "id" {
			return true
		}
	}
	return false
}

// decode reads a document by the schema.
func decode(n ast.Node) (d document, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Error{Reason: "not YAML of the kind wanted"}
		}
	}()
	if isService(n) {
		d.Service = new(serviceDoc)
		return d, yaml.NodeToValue(n, d.Service, yaml.Strict())
	}
	d.Lists = new(listsDoc)
	return d, yaml.NodeToValue(n, d.Lists, yaml.Strict())
}

// date reads a day, which may be absent.
func (c *checker) date(t text) time.Time {
	if t.s == "" {
		return time.Time{}
	}
	d, err := time.Parse(time.DateOnly, t.s)
	if err != nil {
		c.fail(t, "bad date %q: want year-month-day", t.s)
	}
	return d
}

// cite notes the use of sources.
func (c *checker) cite(src []text) []string {
	for _, s := range src {
		c.out.cites = append(c.out.cites, citation{c.at(s), s.s})
	}
	return values(src)
}

// prefix reads an address block; host bits would hide a typing error.
func (c *checker) prefix(t text) netip.Prefix {
	p, err := netip.ParsePrefix(t.s)
	switch {
	case err != nil:
		c.fail(t, "bad prefix %q: want address/bits", t.s)
	case p != p.Masked():
		c.fail(t, "bad prefix %q: bits set beyond the prefix, did you mean %s?", t.s, p.Masked())
	case p.Addr().Is4In6():
		c.fail(t, "bad prefix %q: write it as IPv4", t.s)
	case p.Bits() < 8 || p.Addr().Is6() && p.Bits() < 16:
		c.fail(t, "bad prefix %q: wider than any owner's, want /8 or /16 of IPv6 at least", t.s)
	}
	return p
}

// oneOf looks a word up in a closed vocabulary.
func oneOf[V any](c *checker, what string, t text, words map[string]V) V {
	v, ok := words[t.s]
	if !ok {
		c.fail(t, "unknown %s %q: want %s", what, t.s, strings.Join(sortedKeys(words), ", "))
	}
	return v
}
