package main

import (
	"chokepoint/pcaps/page"
	"chokepoint/pcaps/score"
)

// whole is the score of what is checked in, and the page that tells it.
func whole() (*score.Score, string, error) {
	p, err := page.Make()
	if err != nil {
		return nil, "", err
	}
	return p.Score, p.Markdown(), nil
}
