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
