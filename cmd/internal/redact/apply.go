package redact

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// copied returns a copy of v that has nothing in common with it, with its fields
// treated as [fields] says.
func copied[T any](r *Redactor, v *T, c *around) *T {
	out := reflect.New(reflect.TypeFor[T]())
	out.Elem().Set(reflect.ValueOf(v).Elem())
	(&pass{r, c}).value(out.Elem(), drop)
	return out.Interface().(*T)
}

// pass is one record on its way.
type pass struct {
	*Redactor
	about *around
}

// value replaces what is in v, which can be set and belongs to the copy but for what
// it refers to. do is what is done to text, bytes and int64 in it.
func (p *pass) value(v reflect.Value, do treatment) {
	switch x := v.Addr().Interface().(type) {
	case *netip.Addr:
		*x = p.Addr(*x)
		return
	case *time.Time:
		*x = p.Time(*x)
		return
	case *fact.Mute:
		p.mute(x)
		return
	case *fact.Opt[int64]:
		if x.Ok && do == when {
			x.V = p.Nanos(x.V)
		}
		return
	case *[16]byte:
		if do == address16 {
			*x = p.bytes(*x)
			return
		}
	case *[]byte:
		if do != keep {
			*x = nil
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(p.string(v.String(), do))
	case reflect.Int64:
		if do == when {
			v.SetInt(p.Nanos(v.Int()))
		} else if do == drop {
			v.SetInt(0)
		}
	case reflect.Struct, reflect.Array, reflect.Slice, reflect.Pointer, reflect.Map:
		p.within(v, do)
	}
}

// within goes into what is made of several values.
func (p *pass) within(v reflect.Value, do treatment) {
	switch v.Kind() {
	case reflect.Struct:
		for _, f := range stepsOf(v.Type()) {
			p.value(v.Field(f.at), f.do)
		}
	case reflect.Array:
		for i := range v.Len() {
			p.value(v.Index(i), do)
		}
	case reflect.Slice:
		if v.IsNil() {
			return
		}
		own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(own, v)
		for i := range own.Len() {
			p.value(own.Index(i), do)
		}
		v.Set(own)
		if list, ok := v.Addr().Interface().(*[]string); ok && do != keep {
			*list = slices.DeleteFunc(*list, func(s string) bool { return s == "" })
		}
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		own := reflect.New(v.Type().Elem())
		own.Elem().Set(v.Elem())
		p.value(own.Elem(), do)
		v.Set(own)
	case reflect.Map:
		if do != keep {
			v.SetZero() // of none is it known what its keys are
		}
	}
}

// step is a field in which there may be something to replace.
type step struct {
	at int
	do treatment
}

// steps remembers them by [reflect.Type]: there is a handful of types, and a run may
// have a hundred thousand flows.
var steps sync.Map

func stepsOf(t reflect.Type) []step {
	if known, ok := steps.Load(t); ok {
		return known.([]step)
	}
	var out []step
	for i := range t.NumField() {
		f := t.Field(i)
		if do := fields[t.String()+"."+f.Name]; f.IsExported() && touched(f.Type, do) {
			out = append(out, step{i, do})
		}
	}
	steps.Store(t, out)
	return out
}

// touched reports whether there may be something to replace in a type.
func touched(t reflect.Type, do treatment) bool {
	switch t {
	case reflect.TypeFor[netip.Addr](), reflect.TypeFor[time.Time](), reflect.TypeFor[fact.Mute]():
		return true
	case reflect.TypeFor[fact.Opt[int64]]():
		return do == when
	case reflect.TypeFor[[16]byte]():
		return do == address16
	case reflect.TypeFor[[]byte]():
		return do != keep
	}
	switch t.Kind() {
	case reflect.String, reflect.Map:
		return do != keep
	case reflect.Int64:
		return do == when || do == drop
	case reflect.Struct:
		return len(stepsOf(t)) > 0
	case reflect.Array, reflect.Slice, reflect.Pointer:
		return touched(t.Elem(), do)
	}
	return false
}

// mute moves the rounds of asking: which of them are named it says only by a method.
func (p *pass) mute(m *fact.Mute) {
	moved := m.Stretch
	named := m.Marks()
	*m = fact.Mute{}
	for _, at := range named[:min(len(named), fact.MaxRounds)] {
		at.Time = p.Nanos(at.Time)
		m.Add(at)
	}
	moved.First.Time, moved.Last.Time = p.Nanos(moved.First.Time), p.Nanos(moved.Last.Time)
	m.Stretch = moved
}

// protocols are names of protocols that clients offer everywhere (IANA
// tls-extensiontype-values, ALPN protocol IDs).
var protocols = map[string]bool{
	"http/0.9": true, "http/1.0": true, "http/1.1": true, "spdy/3": true, "h2": true, "h2c": true, "h3": true, "h3-29": true, "hq-interop": true,
	"stun.turn": true, "stun.nat-discovery": true, "webrtc": true, "c-webrtc": true, "ftp": true, "imap": true, "pop3": true,
	"xmpp-client": true, "xmpp-server": true, "acme-tls/1": true, "mqtt": true, "dot": true, "doq": true, "ntske/1": true, "irc": true,
}

// string replaces a text by what it is.
func (p *pass) string(s string, do treatment) string {
	switch do {
	case keep:
		return s
	case name:
		return p.Name(s)
	case text:
		return p.text(s, p.about)
	case id:
		return p.service(s)
	case owner:
		return p.owner(s)
	case alpn:
		if protocols[s] {
			return s
		}
		return p.compared(s)
	case known:
		return p.compared(s)
	}
	return ""
}

// compared returns a text that a rule compares texts with, "" otherwise.
func (r *Redactor) compared(s string) string {
	for _, hit := range r.ours.Match(s) {
		switch kind, _, _ := strings.Cut(hit.Rule, " "); kind {
		case "alpn", "ja4", "cert_org":
			return s
		}
	}
	return ""
}

// service replaces the id of a service that is the user's own.
func (r *Redactor) service(id string) string {
	if id == "" || r.known[id] {
		return id
	}
	return r.coin("service", id)
}

// owner replaces the owner of names and addresses: a family, or a service.
func (r *Redactor) owner(id string) string {
	if r.families[id] {
		return id
	}
	return r.service(id)
}

// flowKey replaces the ends of a flow whose client is the source.
func (r *Redactor) flowKey(k capture.Key) capture.Key {
	return capture.Key{Src: r.bytes(k.Src), Dst: r.bytes(k.Dst), SrcPort: r.Port(k.SrcPort), DstPort: k.DstPort, Proto: k.Proto}
}
