package main

import (
	"sync"

	"chokepoint/pcaps/page"
	"chokepoint/pcaps/score"
)

// whole is the score of what is checked in, and the page that tells it. It is made once.
func whole() (*score.Score, string, error) {
	p, err := made()
	if err != nil {
		return nil, "", err
	}
	return p.Score, p.Markdown(), nil
}

var made = sync.OnceValues(page.Make)
