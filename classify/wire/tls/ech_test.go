package tls

import "testing"

func TestECH(t *testing.T) {
	suite := u16s(1, 1)
	body := func(id ...byte) []byte { return cat(suite, id, vec16(make([]byte, 32)), vec16(make([]byte, 208))) }
	type want struct {
		form ECH
		id   uint8
		enc  int
		load int
		bad  bool
		odd  bool
	}
	tests := []struct {
		name string
		ext  []byte
		want want
	}{
		{"none", ext(23), want{}},
		{"outer or GREASE", ext(extECH, []byte{0}, body(0x7b)), want{form: ECHOuter, id: 0x7b, enc: 32, load: 208}},
		{"after a retry the key is left out", ext(extECH, []byte{0}, suite, []byte{9}, u16s(0), vec16(make([]byte, 99))), want{form: ECHOuter, id: 9, load: 99}},
		{"inner", ext(extECH, []byte{1}), want{form: ECHInner}},
		{"draft -10 has no type", ext(extECH10, body(0x2a)), want{form: ECHOuter, id: 0x2a, enc: 32, load: 208}},
		{"draft -09 has a long id", ext(extECH09, body(3, 1, 2, 3)), want{form: ECHOuter, enc: 32, load: 208}},
		{"draft -08 has a long id", ext(extECH08, body(0)), want{form: ECHOuter, enc: 32, load: 208}},
		{"a payload cut short is bad", ext(extECH, []byte{0}, suite, []byte{9}, vec16([]byte{1}), u16s(50), []byte{1}), want{form: ECHOuter, id: 9, enc: 1, bad: true}},
		{"an empty one is bad", ext(extECH), want{form: ECHOuter, bad: true}},
		{"Telegram's mistaken number is no ECH", ext(extOddECH, []byte{0}, body(0x7b)), want{odd: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h ClientHello
			h.Parse(records(chrome("t.me"), 1<<14)) // leaves nothing behind
			h.Parse(records(hello(0x0303, []uint16{0x1301}, tt.ext), 1<<14))
			if got := (want{h.ECH, h.ECHConfigID, h.ECHEncLen, h.ECHPayloadLen, h.BadExts, h.OddECH}); got != tt.want {
				t.Fatalf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestPostQuantumGroups(t *testing.T) {
	for _, g := range []uint16{0x11eb, 0x11ec, 0x11ed, 0x11ee, 0x0200, 0x0201, 0x0202, 0x6399, 0x639a, 0xfe30, 0xfe31, 0xfe32, 0x4138} {
		if !IsPostQuantum(g) {
			t.Errorf("%04x", g)
		}
	}
	for _, g := range []uint16{0x0017, 0x0018, 0x0019, 0x001d, 0x001e, 0x0029, 0x0100, 0x0104, 0x01ff, 0x0203, 0x11ea, 0x11ef, 0x2a2a, 0xfe00, 0xff01} {
		if IsPostQuantum(g) {
			t.Errorf("%04x is not", g)
		}
	}
}
