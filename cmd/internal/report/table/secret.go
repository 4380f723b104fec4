package table

import (
	"fmt"
	"strings"

	"chokepoint/classify/answer"
	"chokepoint/cmd/internal/report"
)

// overs names the ways of asking a resolver so that nobody reads along.
var overs = map[string]string{answer.OverHTTPS: "HTTPS", answer.OverTLS: "TLS", answer.OverQUIC: "QUIC"}

// maxSecret is how many resolvers the line about encrypted DNS names, if they
// have room there.
const maxSecret = 2

// secret tells on one line that names were asked for where they cannot be seen.
func (t *telling) secret(s *screen) {
	all := t.stats.EncryptedDNS
	if len(all) == 0 {
		return
	}
	text := ""
	for n := min(maxSecret, len(all)); n > 0; n-- {
		if text = secretLine(all, n, columns); width(text) <= columns {
			break
		}
	}
	if over := width(text) - columns; over > 0 { // one name too long for the line
		text = secretLine(all, 1, width(cut(report.Text(all[0].Called()), columns))-over)
	}
	s.items = append(s.items, item{lines: []string{text}, keep: nice})
}

// secretLine names the first n resolvers, each in at most room columns.
func secretLine(all []answer.EncryptedDNS, n, room int) string {
	parts := make([]string, 0, n)
	for i := range all[:n] {
		name := cut(report.Text(all[i].Called()), room)
		if over := overs[all[i].Over]; over != "" {
			name += " over " + over
		}
		parts = append(parts, name)
	}
	more := ""
	if rest := len(all) - n; rest > 0 {
		more = fmt.Sprintf(" and %d more", rest)
	}
	return pad("Note", 8) + "DNS goes to " + strings.Join(parts, ", ") + more + ": names not seen there"
}
