package table

import (
	"fmt"
	"strings"

	"chokepoint/classify/answer"
	"chokepoint/cmd/internal/report"
)

// places tells on one line how the places of a service do: "dc1, dc2 yes  dc4
// SLOW". Where they have no room there they are counted.
func (s *screen) places(keep int, svc *answer.Service) {
	var order []string
	by := map[string][]string{}
	for _, p := range answer.PlaceOrder(svc) {
		word := doing(svc.Places[p])
		if by[word] == nil {
			order = append(order, word)
		}
		by[word] = append(by[word], report.Text(p))
	}
	var names, counts []string
	for _, word := range order {
		names = append(names, strings.Join(by[word], ", ")+" "+word)
		counts = append(counts, fmt.Sprintf("%d %s", len(by[word]), word))
	}
	text := line("Places") + strings.Join(names, "  ")
	if width(text) > columns {
		text = line("Places") + strings.Join(counts, "  ")
	}
	s.items = append(s.items, item{lines: []string{strings.TrimRight(text, " ")}, keep: keep, of: s.of})
}
