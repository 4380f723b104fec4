package jsonl

import _ "embed" // the schema

// Schema is the JSON Schema (2020-12) of a line.
//
//go:embed schema.json
var Schema string
