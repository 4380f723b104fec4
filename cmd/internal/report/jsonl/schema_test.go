package jsonl

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func object(t *testing.T, line string) map[string]any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
	if err != nil {
		t.Fatal(err)
	}
	return v.(map[string]any)
}

func TestEveryRecordFitsTheSchema(t *testing.T) {
	s := compiled(t)
	for name, tell := range samples() {
		t.Run(name, func(t *testing.T) {
			if err := s.Validate(object(t, written(t, tell))); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTheSchemaRefusesWhatIsNoRecord(t *testing.T) {
	s := compiled(t)
	tests := []struct{ sample, name, field, value string }{
		{"meta", "a record of an unknown type", "type", `"flaw"`},
		{"meta", "a later schema", "schema", `2`},
		{"flow", "a flow id without its letter", "id", `"000123"`},
		{"flow", "a time without nanoseconds", "start", `"2026-11-20T18:02:11Z"`},
		{"flow", "a time of another zone", "end", `"2026-11-20T18:02:11.000000000+03:00"`},
		{"flow", "a conn_state that Zeek does not have", "conn_state", `"XYZ"`},
		{"flow", "a state outside the list", "state", `"S0"`},
		{"flow", "an end outside the list", "ended", `"timeout"`},
		{"flow", "findings that are null", "findings", `null`},
		{"flow", "a service that is empty", "service", `""`},
		{"flow", "a negative count", "packets", `{"up":-1,"down":0}`},
		{"flow", "one direction only", "bytes", `{"up":1}`},
		{"flow-spoken", "an arrangement by no flow", "arranged_by", `{"flow":"relay"}`},
		{"flow-spoken", "names asked for over something else", "dns_over", `"udp"`},
		{"flow-spoken", "media that is a word", "media", `"audio"`},
		{"flow-spoken", "a place without a name", "place", `""`},
		{"finding", "a kind outside the list", "kind", `"reset.forged"`},
		{"finding", "a verdict outside the list", "verdict", `"certain"`},
		{"finding", "a benign verdict that names no cause", "verdict", `"benign"`},
		{"finding", "a confidence above one", "confidence", `1.2`},
		{"finding", "packet zero", "packets", `[0]`},
		{"finding", "a segment that names an owner", "segment", `"isp"`},
		{"finding", "no vantage", "vantage", ``},
		{"finding", "no list of blindness", "blind", ``},
		{"finding", "a sure one that lacks something", "missing", `[{"code":"no_control","text":"t","settles":"s"}]`},
		{"finding-open", "an inconclusive one that does not say what is missing", "missing", ``},
		{"finding-open", "what is missing is none of the list", "missing", `[{"code":"sleep","text":"t","settles":"s"}]`},
		{"finding-open", "nobody says what would settle it", "missing", `[{"code":"no_rtt","text":"t"}]`},
		{"finding-rates", "an opinion above what listeners give", "mos", `5`},
		{"finding-rates", "a rate of nobody beside it", "beside", `{"rate_bps":1}`},
		{"finding-rates", "a scope outside the list", "scope", `"isp"`},
		{"flow", "loss at somebody's", "loss", `{"up":0.1,"where":"isp"}`},
		{"flow", "a limit outside the list", "limit", `"isp"`},
		{"service", "a status outside the list", "status", `"censored"`},
		{"service", "a function's status outside the list", "functions", `{"chat":"fine"}`},
		{"service", "a place's status outside the list", "places", `{"dc2":"fine"}`},
		{"service", "no place, and yet a list of them", "places", `{}`},
		{"service", "a cause outside the list", "cause", `"isp"`},
		{"service", "no sentence", "sentence", ``},
		{"stats", "no count of what we lost", "lost_by_us", ``},
		{"stats", "a resolver that no flow went to", "encrypted_dns", `[{"resolver":"google","flows":0}]`},
		{"stats", "a cause that counts no number", "malformed", `{"bad_tcp_offset":"1"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec := object(t, written(t, samples()[tt.sample]))
			delete(rec, tt.field)
			if tt.value != "" {
				var v any
				if err := json.Unmarshal([]byte(tt.value), &v); err != nil {
					t.Fatal(err)
				}
				rec[tt.field] = v
			}
			if s.Validate(rec) == nil {
				t.Errorf("%s %s was accepted", tt.field, tt.value)
			}
		})
	}
}

func TestTheSchemaAllowsFieldsToBeAdded(t *testing.T) {
	s := compiled(t)
	for name, tell := range samples() {
		rec := object(t, written(t, tell))
		rec["added_later"] = true
		if err := s.Validate(rec); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The closed lists are in two places; neither may grow alone.
func TestTheClosedListsAreThoseOfTheCode(t *testing.T) {
	var doc struct {
		Defs map[string]struct{ Enum []string } `json:"$defs"`
	}
	if err := json.Unmarshal([]byte(Schema), &doc); err != nil {
		t.Fatal(err)
	}
	const finding, answer = "../../../../classify/finding/finding.go", "../../../../classify/answer/service.go"
	const missing = "../../../../classify/finding/missing.go"
	tests := []struct{ def, typ, file string }{
		{"kind", "Kind", finding}, {"verdict", "Verdict", finding}, {"class", "Class", finding}, {"family", "Family", finding},
		{"direction", "Direction", finding}, {"input", "Input", missing}, {"segment", "Segment", finding}, {"status", "Status", answer},
	}
	for _, tt := range tests {
		t.Run(tt.def, func(t *testing.T) {
			got, want := doc.Defs[tt.def].Enum, constants(t, tt.file, tt.typ)
			slices.Sort(got)
			slices.Sort(want)
			if len(want) == 0 || !slices.Equal(got, want) {
				t.Errorf("schema has %q, code has %q", got, want)
			}
		})
	}
}

// constants lists the values of the string constants of a type.
func constants(t *testing.T, file, typ string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || fmt.Sprint(v.Type) != typ {
			return true
		}
		s, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
		return true
	})
	return out
}
