package service

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Error says what is wrong with a rule file, and where.
type Error struct {
	File   string
	Line   int // from 1; 0 when it is about the whole file
	Reason string
}

// Error returns file, line and reason.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Reason
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason)
}

// text is one scalar of a rule file as it was written, with its line: names,
// prefixes and port ranges must not turn into numbers or dates on the way.
type text struct {
	s    string
	line int
}

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (t *text) UnmarshalYAML(n ast.Node) error {
	tok := n.GetToken()
	switch n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		*t = text{tok.Value, tok.Position.Line}
		return nil
	}
	return &Error{Line: tok.Position.Line, Reason: "want one plain value here"}
}

// MarshalText implements [encoding.TextMarshaler]: nothing, or line and text.
func (t text) MarshalText() ([]byte, error) {
	if t == (text{}) {
		return nil, nil
	}
	return fmt.Appendf(nil, "%d %s", t.line, t.s), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (t *text) UnmarshalText(b []byte) error {
	line, s, ok := strings.Cut(string(b), " ")
	n, err := strconv.Atoi(line)
	if !ok || err != nil {
		return fmt.Errorf("want line and text, not %q", b)
	}
	*t = text{s, n}
	return nil
}

// values returns the texts without their lines.
func values(ts []text) []string {
	out := make([]string, 0, len(ts))
	for _, t := range ts {
		out = append(out, t.s)
	}
	return out
}

// located turns an error of the YAML library into one with file and line.
func located(file string, err error) error {
	var own *Error
	if errors.As(err, &own) {
		own.File = file
		return own
	}
	var y yaml.Error
	if errors.As(err, &y) {
		line := 0
		if t := y.GetToken(); t != nil && t.Position != nil {
			line = t.Position.Line
		}
		return &Error{File: file, Line: line, Reason: y.GetMessage()}
	}
	return &Error{File: file, Reason: err.Error()}
}

// plainness refuses what a rule file has no use for and a strict reader no
// patience with: aliases can multiply, tags and empty values mean guesses.
type plainness struct{ err error }

// Visit implements ast.Visitor.
func (p *plainness) Visit(n ast.Node) ast.Visitor {
	reason := ""
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		reason = "anchors and aliases are not allowed"
	case *ast.TagNode:
		reason = "tags are not allowed"
	case *ast.NullNode:
		reason = "empty value"
	}
	if p.err != nil {
		return nil
	}
	if reason != "" {
		line := 0
		if t := n.GetToken(); t != nil {
			line = t.Position.Line
		}
		p.err = &Error{Line: line, Reason: reason}
		return nil
	}
	return p
}
