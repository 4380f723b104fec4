package web

import (
	"fmt"
	"strings"
)

// bare is for answers that are no page: nothing may be loaded or framed.
const bare = "default-src 'none'; frame-ancestors 'none'"

// policyOf is what the page may do: what the program carries, and to listen for events.
func policyOf(r Renderer) string {
	scripts, styles := r.Policy()
	p := "default-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	if len(scripts) > 0 {
		p += "; script-src " + strings.Join(scripts, " ")
	}
	if len(styles) > 0 {
		p += "; style-src " + strings.Join(styles, " ")
	}
	return p
}

func sentence(v ...any) string { return strings.TrimSpace(fmt.Sprintln(v...)) }
