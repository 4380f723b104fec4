package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/jsonl"
	"chokepoint/cmd/internal/report/table"
)

// capturedAt is a pcap file of raw IP with one packet of one byte per time, s.
func capturedAt(seconds ...uint32) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0xa1b2c3d4)
	b = le.AppendUint16(le.AppendUint16(b, 2), 4)
	b = append(b, make([]byte, 8)...)
	b = le.AppendUint32(le.AppendUint32(b, 262144), uint32(capture.LinkRaw))
	for _, s := range seconds {
		b = le.AppendUint32(le.AppendUint32(b, s), 0)
		b = append(le.AppendUint32(le.AppendUint32(b, 1), 1), 0)
	}
	return b
}

// torn is a capture of two packets that ends inside the third, whose header is
// at byte 58.
func torn() []byte { return append(capturedAt(1, 2), 1, 2, 3) }

const tornAt = 58

// file writes a file and returns its path.
func file(t *testing.T, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// drain reads a source as a run does and finds nothing.
func drain(ctx context.Context, src capture.Source) (classify.Stats, error) {
	var b capture.Batch
	var err error
	for err == nil {
		if err = ctx.Err(); err == nil {
			err = src.Read(&b)
		}
	}
	if err == io.EOF {
		err = nil
	}
	return classify.Stats{Source: src.Stats()}, err
}

// told is what came of one command.
type told struct {
	code           int
	stdout, stderr string
}

// testApp is a command whose runs drain the source and then tell what tell
// tells, and whose table is JSON lines.
func testApp(stdin io.Reader, tell func(classify.Sink) error) (*app, *bytes.Buffer, *bytes.Buffer) {
	var stdout, stderr bytes.Buffer
	a := newApp(stdin, &stdout, &stderr)
	a.now = func() time.Time { return time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC) }
	a.analyze = func(ctx context.Context, src capture.Source, sink classify.Sink, _ classify.Options) (classify.Stats, error) {
		stats, err := drain(ctx, src)
		if tell != nil {
			if err := tell(sink); err != nil {
				return stats, err
			}
		}
		return stats, err
	}
	a.table = func(w io.Writer, _ table.Options) report.Report { return jsonl.New(w) }
	return a, &stdout, &stderr
}

func runWith(stdin io.Reader, tell func(classify.Sink) error, args ...string) told {
	a, stdout, stderr := testApp(stdin, tell)
	code := a.run(context.Background(), args)
	return told{code, stdout.String(), stderr.String()}
}

// schema compiles the schema of a record, once.
var schema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(jsonl.Schema))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("schema.json")
})

// records decodes lines of JSON and holds them against the schema.
func records(t *testing.T, lines string) []map[string]any {
	t.Helper()
	s, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]any
	d := json.NewDecoder(strings.NewReader(lines))
	d.UseNumber()
	for {
		var r map[string]any
		if err := d.Decode(&r); err == io.EOF {
			return out
		} else if err != nil {
			t.Fatalf("%v in %q", err, lines)
		}
		if err := s.Validate(r); err != nil {
			t.Error(err)
		}
		out = append(out, r)
	}
}

// kinds lists the types of records.
func kinds(records []map[string]any) string {
	var out []string
	for _, r := range records {
		out = append(out, r["type"].(string))
	}
	return strings.Join(out, " ")
}
