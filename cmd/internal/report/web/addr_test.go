package web

import (
	"strings"
	"testing"
)

func TestParseAddr(t *testing.T) {
	for text, want := range map[string]string{
		":9477":              "127.0.0.1:9477",
		"localhost:9477":     "127.0.0.1:9477",
		"127.0.0.1:9477":     "127.0.0.1:9477",
		"[::1]:9477":         "[::1]:9477",
		"0.0.0.0:80":         "0.0.0.0:80",
		"[::]:80":            "[::]:80",
		"192.0.2.1:0":        "192.0.2.1:0",
		"[fe80::1%lo]:80":    "[fe80::1%lo]:80",
		"[::ffff:1.2.3.4]:1": "1.2.3.4:1",
		"":                   "host and port cannot be told apart",
		"9477":               "host and port cannot be told apart",
		"::1:9477":           "host and port cannot be told apart",
		"127.0.0.1":          "host and port cannot be told apart",
		"127.0.0.1:":         "the port is not a number",
		":http":              "the port is not a number",
		":65536":             "the port is not a number",
		":+80":               "the port is not a number",
		":-1":                "the port is not a number",
		"example.org:9477":   "neither an address nor localhost",
		"127.0.0.256:9477":   "neither an address nor localhost",
	} {
		got, err := ParseAddr(text)
		if err == nil && got.String() != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want %s", text, got, err, want)
		}
	}
}
