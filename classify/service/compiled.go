package service

import (
	_ "embed"
	"encoding/json"
)

//go:generate go test -count=1 -run ^TestCompiled$ . -update

// compiled is what the embedded rule files say, in the words of the schema: to read
// their YAML takes a tenth of a second, in every process.
//
//go:embed compiled.json
var compiled []byte

// ruleFile is one rule file as it was read, not yet checked.
type ruleFile struct {
	Name      string
	Documents []document
}

// embedded returns the embedded rule files. Checks are the same as of the users'
// own, as they are what makes rules of words.
func embedded() ([]*parsed, error) {
	var files []ruleFile
	if err := json.Unmarshal(compiled, &files); err != nil {
		return nil, err
	}
	out := make([]*parsed, len(files))
	for i, f := range files {
		c := &checker{file: f.Name, out: &parsed{}}
		for k := range f.Documents {
			if err := c.document(&f.Documents[k]); err != nil {
				return nil, err
			}
		}
		out[i] = c.out
	}
	return out, nil
}
