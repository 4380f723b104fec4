package table

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

const second = time.Second

func TestFit(t *testing.T) {
	made := func(keeps ...int) []item {
		var out []item
		for i, k := range keeps {
			out = append(out, item{lines: []string{fmt.Sprint(i), ""}, keep: k})
		}
		return out
	}
	names := func(items []item) string {
		var out []string
		for _, it := range items {
			out = append(out, it.lines[0])
		}
		return strings.Join(out, " ")
	}
	tests := []struct {
		name        string
		items       []item
		limit       int
		shown, rest string
	}{
		{"all fits", made(must, spare), 4, "0 1", ""},
		{"what is dearest to lose stays", made(must, spare, dear), 5, "0 2 More    2 lines below", "1"},
		{"among equals the last goes first", made(useful, useful, useful), 5, "0 1 More    2 lines below", "2"},
		{"even a must gives way in the end", made(must, must, must), 3, "0 More    4 lines below", "1 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			shown, rest := fit(tt.items, tt.limit)
			if names(shown) != tt.shown || names(rest) != tt.rest {
				t.Errorf("got %q and %q, want %q and %q", names(shown), names(rest), tt.shown, tt.rest)
			}
		})
	}
}

// TestFitLosesNothing holds the law: every line is on the screen or below.
func TestFitLosesNothing(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 2))
		var items []item
		for i := range r.IntN(40) {
			lines := make([]string, 1+r.IntN(4))
			for j := range lines {
				lines[j] = fmt.Sprintf("%d.%d", i, j)
			}
			items = append(items, item{lines: lines, keep: r.IntN(spare + 1)})
		}
		shown, rest := fit(items, rows)
		if height(shown) > rows {
			t.Fatalf("seed %d: %d lines", seed, height(shown))
		}
		n := height(shown) + height(rest)
		if len(rest) > 0 {
			n--
		}
		if n != height(items) {
			t.Fatalf("seed %d: %d of %d lines", seed, n, height(items))
		}
	}
}

func TestFlow(t *testing.T) {
	long := strings.Repeat("x", 100)
	tests := []struct {
		name   string
		head   string
		indent int
		sep    string
		cells  []string
		want   []string
	}{
		{"one line", "a  ", 3, " ", []string{"b", "c"}, []string{"a  b c"}},
		{"wraps between cells", "a  ", 3, " ", []string{strings.Repeat("b", 40), strings.Repeat("c", 40)},
			[]string{"a  " + strings.Repeat("b", 40), "   " + strings.Repeat("c", 40)}},
		{"breaks what is longer than a line", "a  ", 3, " ", []string{long},
			[]string{"a  " + long[:77], "   " + long[77:]}},
		{"escapes cells", "", 0, " ", []string{"a\x1b[2J"}, []string{`a\x1b[2J`}},
		{"counts columns, not letters", "", 0, " ", []string{strings.Repeat("例", 39), "ab", "c"},
			[]string{strings.Repeat("例", 39), "ab c"}},
		{"nothing", "", 0, " ", nil, []string{""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := flow(tt.head, tt.indent, tt.sep, tt.cells); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCut(t *testing.T) {
	tests := []struct{ got, want string }{
		{cut("abc", 3), "abc"},
		{cut("abcd", 3), "ab…"},
		{cut("例例例", 4), "例…"},
		{cutLeft("abcd", 3), "…cd"},
		{cutLeft("abc", 3), "abc"},
		{pad("a", 3), "a  "},
		{padLeft("a", 3), "  a"},
		{pad("例", 3), "例 "},
	}
	for i, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%d: got %q, want %q", i, tt.got, tt.want)
		}
	}
}

func TestWords(t *testing.T) {
	tests := []struct{ got, want string }{
		{number(0), "0"}, {number(999), "999"}, {number(1000), "1,000"}, {number(2210554), "2,210,554"},
		{lasted(0), "0s"}, {lasted(400 * time.Millisecond), "0.4s"}, {lasted(2 * time.Millisecond), "2ms"}, {lasted(9), "1ms"}, {lasted(12 * second), "12s"},
		{lasted(902 * second), "15m02s"}, {lasted(26 * time.Hour), "26h00m"},
		{count(1, "flow", "flows"), "1 flow"}, {count(2, "flow", "flows"), "2 flows"},
		{milliseconds(9.04), "9.0 ms"}, {milliseconds(41.2), "41 ms"}, {percent(0.0012), "0.1 %"},
		{spellAll(nil), "nothing"}, {spellAll([]string{"own_resolver", "own_resolver", "mtu"}), "own resolver, mtu"},
	}
	for i, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%d: got %q, want %q", i, tt.got, tt.want)
		}
	}
}
