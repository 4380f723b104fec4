package report

import "testing"

func TestText(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain text passes", "web.whatsapp.com", "web.whatsapp.com"},
		{"letters of other scripts pass", "пример.рф 例え", "пример.рф 例え"},
		{"an escape sequence is shown", "a\x1b[31mred", `a\x1b[31mred`},
		{"line ends and bells are shown", "a\r\nb\a", `a\x0d\x0ab\x07`},
		{"delete is shown", "a\x7f", `a\x7f`},
		{"a control of the second set is shown", "a\u009b31m", `a\u009b31m`},
		{"a mark that turns the text around is shown", "a\u202egnp.exe", `a\u202egnp.exe`},
		{"a byte that is no UTF-8 is shown", "a\xff\x9bb", `a\xff\x9bb`},
		{"a tag beyond the basic plane is shown", "a\U000e0041", `a\U000e0041`},
		{"a backslash cannot pass for an escape", `a\x1b`, `a\\x1b`},
		{"the replacement character itself passes", "a\ufffd", "a\ufffd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Text(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLocalFilter(t *testing.T) {
	// Two files of ten packets each.
	locate := func(num uint64) (string, uint64) {
		switch {
		case num >= 1 && num <= 10:
			return "a", num
		case num <= 20:
			return "b", num - 10
		}
		return "", 0
	}
	tests := []struct{ name, in, want string }{
		{"packets of the first file keep their numbers", "frame.number==3||frame.number==10", "frame.number==3||frame.number==10"},
		{"packets of a later file get theirs", "frame.number==11||frame.number==20", "frame.number==1||frame.number==10"},
		{"no filter shows packets of both", "frame.number==10||frame.number==11", ""},
		{"a packet of no file cannot be shown", "frame.number==21", ""},
		{"a number that is none cannot be shown", "frame.number==99999999999999999999", ""},
		{"addresses hold in any file", "ip.addr==192.0.2.1&&tcp.port==443", "ip.addr==192.0.2.1&&tcp.port==443"},
		{"no filter stays none", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := LocalFilter(tt.in, locate); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
