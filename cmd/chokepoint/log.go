package main

import (
	"bytes"
	"io"
	"os"

	"github.com/rs/zerolog"
	"golang.org/x/term"
)

// newLog returns a logger that writes JSON, or lines as command line tools
// write them. Messages must have been made safe for a terminal.
func newLog(w io.Writer, json bool, level zerolog.Level) zerolog.Logger {
	if json {
		return zerolog.New(w).Level(level).With().Timestamp().Logger()
	}
	console := zerolog.ConsoleWriter{
		Out: w, NoColor: true,
		PartsOrder:    []string{zerolog.LevelFieldName, zerolog.MessageFieldName},
		FieldsExclude: []string{"file", "byte", "packets", "seconds", "workers", "stack", "goroutines", "heap"}, // the message has them
		FormatLevel: func(level any) string {
			if level == zerolog.LevelWarnValue {
				return "chokepoint: warning:"
			}
			return "chokepoint:"
		},
		FormatExtra: func(event map[string]any, line *bytes.Buffer) error {
			if stack, ok := event["stack"].(string); ok { // lines as they are
				line.WriteString("\n" + stack)
			}
			return nil
		},
	}
	return zerolog.New(console).Level(level)
}

// level returns how much is said on stderr.
func level(quiet, verbose bool) zerolog.Level {
	switch {
	case quiet:
		return zerolog.ErrorLevel
	case verbose:
		return zerolog.InfoLevel
	}
	return zerolog.WarnLevel
}

// terminal reports whether w is one.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colour reports whether w should be written to in colour (no-color.org).
func colour(w io.Writer, off bool) bool {
	return !off && os.Getenv("NO_COLOR") == "" && terminal(w)
}
