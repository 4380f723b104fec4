package answer

import (
	"strings"

	"chokepoint/classify/service"
)

// rules is what is asked of [service.Rules].
type rules interface {
	Service(id string) (service.Info, bool)
	Classify(e *service.Evidence) service.Label
	MustExist(name string) bool
}

// info is what the rules know of a service, with a name short enough to start
// a line: without what stands in brackets and without the other names.
func info(r rules, id string) service.Info {
	i := service.Info{ID: id}
	if known, ok := r.Service(id); ok {
		i = known
	}
	if i.Name == "" {
		i.Name = id
	}
	for _, cut := range []string{" (", " / "} {
		i.Name, _, _ = strings.Cut(i.Name, cut)
	}
	return i
}
