package service

import (
	"github.com/goccy/go-yaml/lexer"
	yaml "github.com/goccy/go-yaml/token"
)

// The YAML library takes time and memory by the square of how deep values nest
// and of how many documents there are: 200 kB of brackets cost it minutes and
// gigabytes. Rules nest four deep.
const (
	maxNest = 16
	maxDocs = 256
)

// shapely splits a rule file into tokens and refuses shapes that no rules have,
// before anything is built of them.
func shapely(data []byte) (yaml.Tokens, error) {
	tokens := lexer.Tokenize(string(data))
	docs, open, line, begun := 0, 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, begun = t.Position.Line, 0
		}
		switch t.Type {
		case yaml.DocumentHeaderType:
			docs++
		case yaml.SequenceStartType, yaml.MappingStartType:
			open++
		case yaml.SequenceEndType, yaml.MappingEndType:
			open = max(open-1, 0)
		case yaml.SequenceEntryType, yaml.MappingKeyType:
			begun++ // "- - -": all of one line nest
		}
		switch {
		case docs > maxDocs:
			return nil, &Error{Line: line, Reason: "too many documents in one file"}
		case open > maxNest || begun > maxNest:
			return nil, &Error{Line: line, Reason: "nested too deeply"}
		}
	}
	return tokens, nil
}
