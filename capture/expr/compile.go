package expr

import "fmt"

// Bounds of an expression. libpcap has none of its own; these keep a hostile
// one from exhausting stack or memory.
const (
	maxLength = 64 << 10 // bytes
	maxDepth  = 64       // parentheses and nots within each other
	maxTests  = 4096     // primitives
)

// Compile translates an expression. An empty one matches every packet. Errors
// name what was not understood and its offset in bytes; host names are among
// it, because nothing is resolved.
func Compile(s string) (*Filter, error) {
	if len(s) > maxLength {
		return nil, fmt.Errorf("parse filter: %d bytes are more than %d", len(s), maxLength)
	}
	c := compiler{s: s}
	c.advance()
	if c.tok.text == "" {
		return &Filter{}, nil
	}
	all, _, err := c.expression(qualifiers{})
	if err == nil && c.tok.text != "" {
		if err = c.refuse(); err == nil {
			err = c.fail("expect and, or, or the end, got %q", c.tok.text)
		}
	}
	if err != nil {
		return nil, err
	}
	c.patch(all.yes, accept)
	c.patch(all.no, reject)
	return &Filter{code: c.code}, nil
}

// compiler goes through the tokens once and emits the tests in their order. The
// exits of a block stay open until it is known what follows it.
type compiler struct {
	s     string
	tok   token
	next  int // where the token after tok begins
	depth int
	code  []branch
}

// block is a run of code with its open exits: 2*i is the yes, 2*i+1 the no of
// branch i.
type block struct {
	start   int32
	yes, no []int32
}

func (c *compiler) advance() { c.tok, c.next = lex(c.s, c.next) }

// take advances over the token if it is the given one.
func (c *compiler) take(text string) bool {
	if c.tok.text != text {
		return false
	}
	c.advance()
	return true
}

func (c *compiler) fail(format string, args ...any) error {
	return fmt.Errorf("parse filter at byte %d: %s", c.tok.pos, fmt.Sprintf(format, args...))
}

func (c *compiler) emit(t test) (block, error) {
	if len(c.code) == maxTests {
		return block{}, c.fail("count primitives: more than %d", maxTests)
	}
	i := int32(len(c.code))
	c.code = append(c.code, branch{test: t})
	return block{start: i, yes: []int32{2 * i}, no: []int32{2*i + 1}}, nil
}

func (c *compiler) patch(exits []int32, to int32) {
	for _, e := range exits {
		if e%2 == 0 {
			c.code[e/2].yes = to
		} else {
			c.code[e/2].no = to
		}
	}
}

// join puts b behind a.
func (c *compiler) join(a, b block, and bool) block {
	if and {
		c.patch(a.yes, b.start)
		return block{start: a.start, yes: b.yes, no: append(a.no, b.no...)}
	}
	c.patch(a.no, b.start)
	return block{start: a.start, yes: append(a.yes, b.yes...), no: b.no}
}

// enter bounds recursion; the caller defers leave.
func (c *compiler) enter() error {
	if c.depth++; c.depth > maxDepth {
		return c.fail("nest deeper than %d", maxDepth)
	}
	return nil
}

func (c *compiler) leave() { c.depth-- }
