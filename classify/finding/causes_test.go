package finding_test

import (
	"bufio"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"chokepoint/classify/finding"
)

// said is a code and where it is emitted.
type said map[string]string

// TestEveryCodeHasASentence holds that whoever asks what a code means gets a
// sentence: of all codes in the recordings' findings, and of those that the
// detectors write down.
func TestEveryCodeHasASentence(t *testing.T) {
	causes, blind := said{}, said{}
	recorded(t, causes, blind)
	written(t, causes, blind)
	if len(causes) < 30 || len(blind) < 8 {
		t.Fatalf("%d causes and %d kinds of blindness found: the search does not search", len(causes), len(blind))
	}
	for code, where := range causes {
		c, ok := finding.CauseOf(code)
		if !ok || c.Is == "" || c.Excluded == "" || c.Open == "" {
			t.Errorf("%s: cause %q has no sentence in causes.go", where, code)
		}
	}
	for code, where := range blind {
		if _, ok := finding.BlindText(code); !ok {
			t.Errorf("%s: blindness %q has no sentence in causes.go", where, code)
		}
	}
}

// recorded collects the codes of the bundled findings.
func recorded(t *testing.T, causes, blind said) {
	for _, pattern := range []string{"../../pcaps/*/want.jsonl", "../../pcaps/recorded/*/want.jsonl"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, path := range files {
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			for s := bufio.NewScanner(f); s.Scan(); {
				var x finding.Finding
				if json.Unmarshal(s.Bytes(), &x) != nil || x.Type != "finding" {
					continue
				}
				for _, c := range append(append(x.RuledOut, x.NotRuledOut...), x.BenignCause) {
					if c != "" {
						causes[c] = path
					}
				}
				for _, c := range x.Blind {
					blind[c] = path
				}
			}
			f.Close()
		}
	}
}

var code = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// written collects the codes that the detectors' source appends to RuledOut and
// NotRuledOut, sets as BenignCause or gives as an excuse, and those it vetoes by.
func written(t *testing.T, causes, blind said) {
	files, err := filepath.Glob("../detect/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no detectors: %v", err)
	}
	set := token.NewFileSet()
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.AssignStmt:
				for _, l := range x.Lhs {
					if s, ok := l.(*ast.SelectorExpr); ok && (strings.HasSuffix(s.Sel.Name, "RuledOut") || s.Sel.Name == "BenignCause") {
						literals(x, path, causes)
					}
				}
			case *ast.CallExpr:
				vetoes(x, path, blind)
			case *ast.KeyValueExpr:
				if k, ok := x.Key.(*ast.Ident); ok && (k.Name == "cause" || k.Name == "BenignCause" || strings.HasSuffix(k.Name, "RuledOut")) {
					literals(x.Value, path, causes)
				}
			}
			return true
		})
	}
}

// vetoes collects the codes of calls that make something blind.
func vetoes(x *ast.CallExpr, path string, blind said) {
	if f, ok := x.Fun.(*ast.Ident); ok && (f.Name == "veto" || f.Name == "noteBlind") && len(x.Args) >= 2 {
		literals(x.Args[1], path, blind)
	}
}

func literals(n ast.Node, path string, into said) {
	ast.Inspect(n, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if s, err := strconv.Unquote(l.Value); err == nil && code.MatchString(s) {
				into[s] = path
			}
		}
		return true
	})
}
