package redact

import (
	"reflect"
	"testing"

	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// decided collects fields that need a decision, and those that cannot be reached.
type decided struct {
	seen   map[reflect.Type]bool
	want   map[string]bool
	hidden []string
}

func (d *decided) walk(t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		d.walk(t.Elem())
	case reflect.Map:
		d.walk(t.Key())
		d.walk(t.Elem())
	case reflect.Struct:
		if pkg := t.PkgPath(); d.seen[t] || pkg == "net/netip" || pkg == "time" {
			return
		}
		d.seen[t] = true
		for i := range t.NumField() {
			d.field(t, t.Field(i))
		}
	}
}

func (d *decided) field(t reflect.Type, f reflect.StructField) {
	at := t.String() + "." + f.Name
	if !f.IsExported() {
		d.hidden = append(d.hidden, at)
	}
	in := f.Type
	for in.Kind() == reflect.Pointer || in.Kind() == reflect.Slice || in.Kind() == reflect.Array {
		in = in.Elem()
	}
	switch in.Kind() {
	case reflect.String, reflect.Int64, reflect.Map, reflect.Interface, reflect.Func:
		d.want[at] = true
	case reflect.Uint8:
		d.want[at] = d.want[at] || in != f.Type
	}
	if f.Type == reflect.TypeFor[fact.Opt[int64]]() {
		d.want[at] = true
	}
	d.walk(f.Type)
}

// TestEveryFieldIsDecidedAbout: what a new field may tell of others, somebody has to
// think about; until then it is emptied.
func TestEveryFieldIsDecidedAbout(t *testing.T) {
	d := decided{seen: map[reflect.Type]bool{}, want: map[string]bool{}}
	for _, v := range []any{fact.Flow{}, finding.Finding{}, answer.Service{}, classify.Stats{}} {
		d.walk(reflect.TypeOf(v))
	}
	for at, needed := range d.want {
		if _, ok := fields[at]; needed && !ok {
			t.Errorf("what is to be done to %s? Decide in fields", at)
		}
	}
	for at := range fields {
		if !d.want[at] {
			t.Errorf("%s is decided about, and is no such field any more", at)
		}
	}
	for _, at := range d.hidden {
		if at != "fact.Mute.named" { // see mute
			t.Errorf("%s cannot be reached: treat its type as fact.Mute is", at)
		}
	}
}

// TestMetaIsDecidedAbout: its redaction is written by hand.
func TestMetaIsDecidedAbout(t *testing.T) {
	for typ, want := range map[reflect.Type]int{reflect.TypeFor[report.Meta](): 14, reflect.TypeFor[report.File](): 6} {
		if n := typ.NumField(); n != want {
			t.Errorf("%s has %d fields, and Meta was written for %d: look at the new ones", typ, n, want)
		}
	}
}
