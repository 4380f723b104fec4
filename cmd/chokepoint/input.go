package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"chokepoint/capture/expr"
	"chokepoint/capture/pcapfile"
)

// stdinName is how standard input is named on the command line and in records.
const stdinName = "-"

// input is one capture: a file, standard input, or the files of a directory
// joined.
type input struct {
	name  string
	files []string // joined; nil otherwise
}

// place is what an argument names.
type place uint8

const (
	nothing place = iota
	aFile         // or anything else that can be opened, as a named pipe
	aDir
)

// look says what an argument names.
func look(arg string) place {
	if arg == stdinName {
		return aFile
	}
	info, err := os.Stat(arg)
	switch {
	case err != nil:
		return nothing
	case info.IsDir():
		return aDir
	}
	return aFile
}

// split tells the captures among the arguments from the expression: it begins
// with the first argument that names nothing there is.
func split(args []string, look func(string) place) (paths []string, expression string) {
	for i, arg := range args {
		if look(arg) == nothing {
			return args[:i:i], strings.Join(args[i:], " ")
		}
	}
	return args, ""
}

// compile compiles the expression. A file name with a typing error ends up here
// too, so the error says both.
func compile(expression string) (*expr.Filter, error) {
	if expression == "" {
		return nil, nil
	}
	f, err := expr.Compile(expression)
	if err != nil {
		first, _, _ := strings.Cut(expression, " ")
		return nil, fmt.Errorf("%q is no file or directory here, and read as an expression: %w", first, err)
	}
	return f, nil
}

// inputs turns paths into captures. What is wrong with single files of a
// directory is in faults; err is wrong usage.
func inputs(paths []string, join bool) (ins []input, faults []error, err error) {
	if len(paths) == 0 {
		return nil, nil, errors.New("name a capture file, a directory of them, or - for standard input")
	}
	seen := false
	for _, path := range paths {
		if path == stdinName && seen {
			return nil, nil, errors.New("standard input can be read only once")
		}
		seen = seen || path == stdinName
		if look(path) != aDir {
			if join {
				return nil, nil, fmt.Errorf("--join joins the files of a directory, and %s is none", path)
			}
			ins = append(ins, input{name: path})
			continue
		}
		more, err := directory(path, join)
		ins = append(ins, more...)
		if err != nil {
			faults = append(faults, err)
		}
	}
	return ins, faults, nil
}

// directory lists the captures in a directory. The list is valid beside an error.
func directory(path string, join bool) ([]input, error) {
	files, err := pcapfile.Files(path)
	if len(files) == 0 {
		return nil, errors.Join(err, fmt.Errorf("%s: no capture files in this directory", path))
	}
	if join {
		return []input{{name: filepath.Clean(path), files: files}}, err
	}
	var ins []input
	for _, f := range files {
		ins = append(ins, input{name: f})
	}
	return ins, err
}
