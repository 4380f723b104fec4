package classify

import (
	"chokepoint/classify/fact"
	"chokepoint/classify/known"
	"chokepoint/classify/track"
	"chokepoint/classify/wire/http"
)

// maxPageMatches is how many entries of lists are named of an answer.
const maxPageMatches = 4

// pagesOf looks answers up on a list; nil: there is none.
func pagesOf(list *known.Pages) track.Pages {
	if list.Len() == 0 {
		return nil
	}
	return func(r *http.Response, stream []byte) (out []fact.PageMatch) {
		for _, m := range list.Lookup(stream[:r.HeadLen], stream[r.HeadLen:], maxPageMatches) {
			out = append(out, fact.PageMatch(m))
		}
		return out
	}
}
