package web

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"strings"
)

// Plain is a page of text. It is brought up to date by replacing it.
type Plain struct {
	Title string
	Text  func() string // called from any goroutine; it is escaped here
}

var _ Renderer = Plain{}

const (
	plainStyle  = "body{font:14px monospace;margin:2em}"
	plainScript = "new EventSource('/events').addEventListener('update',e=>{document.querySelector('pre').textContent=e.data})"
)

// Page implements Renderer.
func (p Plain) Page() []byte {
	return []byte(strings.Join([]string{"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>", html.EscapeString(p.Title),
		"</title><style>", plainStyle, "</style><pre>", html.EscapeString(p.Text()), "</pre><script>", plainScript, "</script></html>\n"}, ""))
}

// Update implements Renderer.
func (p Plain) Update() []byte { return []byte(p.Text()) }

// Policy implements Renderer.
func (Plain) Policy() (scripts, styles []string) {
	return []string{Hash(plainScript)}, []string{Hash(plainStyle)}
}

// Hash is how a policy names what a document carries between its tags, to the byte
// (CSP 3, section 2.3.1).
func Hash(inline string) string {
	sum := sha256.Sum256([]byte(inline))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
