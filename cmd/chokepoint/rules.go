package main

import "chokepoint/classify/service"

// loadRules returns the embedded rules, with rule files and servers of the
// user's own after them.
func loadRules(files, mine []string) (*service.Rules, error) {
	r, err := service.Load(files...)
	if err != nil || len(mine) == 0 {
		return r, err
	}
	return r.WithMine(mine)
}
