package stun

import "testing"

func TestKind(t *testing.T) {
	for _, c := range []struct {
		name   string
		b      []byte
		class  Class
		method Method
		ok     bool
	}{
		{"a request for a relay", message(0x0003), Request, Allocate, true},
		{"data from a peer", message(0x0017), Indication, Data, true},
		{"refused", message(0x0113), Error, Allocate, true},
		{"WhatsApp's ping", message(0x0801), Private, 0x0801, true},
		{"cut behind the cookie", message(0x0101)[:8], Success, Binding, true},
		{"cut within it", message(0x0101)[:7], 0, 0, false},
		{"RTP", append([]byte{0x80}, message(0x0001)[1:]...), 0, 0, false},
		{"without the cookie", make([]byte, 20), 0, 0, false},
	} {
		if class, method, ok := Kind(c.b); class != c.class || method != c.method || ok != c.ok {
			t.Errorf("%s: %v %v %v", c.name, class, method, ok)
		}
	}
}

func TestCarries(t *testing.T) {
	b := message(0x0001, attr(AttrSoftware, []byte("abcde"), 4), attr(AttrUsername, []byte("a:b"), 4))
	for _, c := range []struct {
		name string
		b    []byte
		at   int
		ok   bool
	}{
		{"behind another, padded", b, 36, true},
		{"cut before it", b[:33], 0, false},
		{"none", message(0x0001), 0, false},
		{"lengths that lie", append(message(0x0001), 0x80, 0x22, 0xff, 0xff, 0, 6), 0, false},
	} {
		if at, ok := Carries(c.b, AttrUsername); at != c.at || ok != c.ok {
			t.Errorf("%s: %d %v", c.name, at, ok)
		}
	}
}
