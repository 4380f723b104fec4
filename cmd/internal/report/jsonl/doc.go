// Package jsonl tells a run as JSON lines: one object per line, each with its
// "type". schema.json beside it describes them (JSON Schema 2020-12).
//
// The lines are ASCII-safe for a terminal: whatever is not printable in foreign
// text is escaped, which JSON readers undo. Keys have a fixed order and nothing
// in a record depends on the machine or the time of day.
package jsonl
