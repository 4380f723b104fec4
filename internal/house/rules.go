package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Size limits, lines. Who needs more says why in oversize.
const (
	MaxFile = 400
	MaxFunc = 60
)

// oversize are the files and functions that are larger for a reason, by
// "folder/file.go" or "folder.Func".
var oversize = map[string]string{}

// source is one parsed file of ours.
type source struct {
	folder string // inside the module
	name   string // of the file
	fset   *token.FileSet
	file   *ast.File
	test   bool
}

// Rule is a law about source text. It returns the places that break it.
type Rule struct {
	Why   string
	Tests bool // test files are bound too
	Check func(s *source) []place
}

type place struct {
	pos  token.Pos
	what string
}

// Rules are the laws for source text.
var Rules = []Rule{
	{Why: "time is packet time; the wall clock is for live capture, the lab and cmd", Check: wallClock},
	{Why: "no init functions: nothing registers itself", Check: inits},
	{Why: "facts have types: no map[string]any", Check: untypedMaps},
	{Why: "a detector never sees a Source", Check: sourcesInDetect},
	{Why: fmt.Sprintf("a file has at most %d lines, a function %d", MaxFile, MaxFunc), Tests: true, Check: sizes},
}

// CheckSource parses the files of our packages, whatever they are built for,
// and returns what breaks a rule, sorted by file.
func CheckSource(g Graph, rules []Rule) (broken []string, err error) {
	for _, path := range g.own() {
		files, err := filepath.Glob(filepath.Join(g[path].Dir, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			found, err := checkFile(ours(path), filepath.Base(name), text, rules)
			if err != nil {
				return nil, err
			}
			broken = append(broken, found...)
		}
	}
	return broken, nil
}

// checkFile parses one file and puts it to the rules. Generated files are free.
func checkFile(folder, name string, text []byte, rules []Rule) (broken []string, err error) {
	s := &source{folder: folder, name: name, fset: token.NewFileSet(), test: strings.HasSuffix(name, "_test.go")}
	s.file, err = parser.ParseFile(s.fset, folder+"/"+name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	if ast.IsGenerated(s.file) {
		return nil, nil
	}
	for _, r := range rules {
		if s.test && !r.Tests {
			continue
		}
		for _, p := range r.Check(s) {
			broken = append(broken, fmt.Sprintf("%s: %s: %s", s.fset.Position(p.pos), r.Why, p.what))
		}
	}
	return broken, nil
}

// in reports whether the file is in one of the folders or below.
func (s *source) in(folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return s.folder == f || strings.HasPrefix(s.folder, f+"/") })
}

// mentions returns where the file names one of the members of an imported
// package, whatever name it was imported under.
func (s *source) mentions(path string, members ...string) (found []place) {
	local := ""
	for _, spec := range s.file.Imports {
		if p, _ := strconv.Unquote(spec.Path.Value); p == path {
			local = path[strings.LastIndexByte(path, '/')+1:]
			if spec.Name != nil {
				local = spec.Name.Name
			}
		}
	}
	if local == "" {
		return nil
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == local && slices.Contains(members, sel.Sel.Name) {
			found = append(found, place{sel.Pos(), local + "." + sel.Sel.Name})
		}
		return true
	})
	return found
}

func wallClock(s *source) []place {
	if s.in("capture/live", "capture/afpacket", "bpf", "cmd", "pcaps/lab") {
		return nil
	}
	return s.mentions("time", "Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "Sleep")
}

func sourcesInDetect(s *source) []place {
	if !s.in("classify/detect") {
		return nil
	}
	return s.mentions(Module+"/capture", "Source", "Batch", "Packet")
}

func inits(s *source) (found []place) {
	for _, d := range s.file.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			found = append(found, place{fn.Pos(), "func init"})
		}
	}
	return found
}

func untypedMaps(s *source) (found []place) {
	if !s.in("classify") {
		return nil
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		if m, ok := n.(*ast.MapType); ok && isAny(m.Value) {
			found = append(found, place{m.Pos(), "a map to any"})
		}
		return true
	})
	return found
}

func isAny(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "any"
	case *ast.InterfaceType:
		return len(e.Methods.List) == 0
	}
	return false
}

// sizes measures files, and functions outside tests: a table test is as long as
// its table.
func sizes(s *source) (found []place) {
	if n := s.fset.File(s.file.FileStart).LineCount(); n > MaxFile && oversize[s.folder+"/"+s.name] == "" {
		found = append(found, place{s.file.Package, fmt.Sprintf("%d lines", n)})
	}
	if s.test {
		return found
	}
	for _, d := range s.file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || oversize[s.folder+"."+fn.Name.Name] != "" {
			continue
		}
		if n := s.fset.Position(fn.End()).Line - s.fset.Position(fn.Pos()).Line + 1; n > MaxFunc {
			found = append(found, place{fn.Pos(), fmt.Sprintf("%s has %d lines", fn.Name.Name, n)})
		}
	}
	return found
}
